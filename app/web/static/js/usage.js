// What a running job uses of the machine, in words.

/** @param {{cores: number | null, memory: number, accelerator_memory: number | null} | null} usage @returns {string} */
export function usageWords(usage) {
  if (!usage) return '';
  const size = (bytes) => (bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`);
  return [
    usage.cores === null ? '' : `${usage.cores.toFixed(1)} cores`,
    `${size(usage.memory)} of memory`,
    usage.accelerator_memory === null ? '' : `${size(usage.accelerator_memory)} on the GPU`,
  ].filter(Boolean).join(', ');
}
