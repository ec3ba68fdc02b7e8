// A drop zone: files and whole folders go to the server one by one, then are imported together.

import { Api } from './api.js';

const AT_ONCE = 4; // requests in flight; more would only queue in the browser

/**
 * @param {Element} element holds [data-dropzone], [data-files], [data-folder], [data-note]
 * @param {{api: string, onDone: () => void}} options onDone: an import of the files was started
 */
export function mountUpload(element, { api: base, onDone }) {
  const api = new Api(base);
  const zone = element.querySelector('[data-dropzone]');
  const note = element.querySelector('[data-note]');
  let busy = false;

  async function send(files) {
    if (busy || files.length === 0) return;
    busy = true;
    note.classList.remove('bad');
    try {
      const sent = await sendAll(base, files, (done) => {
        note.textContent = `Uploading ${done} of ${files.length}…`;
      });
      await api.post('/uploads', { files: sent });
      note.textContent = `Uploaded ${files.length === 1 ? '1 file' : `${files.length} files`}.`;
      onDone();
    } catch (error) {
      note.textContent = `Not uploaded: ${error.message}`;
      note.classList.add('bad');
    } finally {
      busy = false;
    }
  }

  for (const input of element.querySelectorAll('input[type=file]')) {
    input.addEventListener('change', () => {
      send([...input.files].map((file) => ({ file, name: file.webkitRelativePath || file.name })));
      input.value = ''; // the same choice again is a change again
    });
  }
  zone.addEventListener('dragover', (event) => {
    event.preventDefault();
    zone.classList.add('over');
  });
  zone.addEventListener('dragleave', () => zone.classList.remove('over'));
  zone.addEventListener('drop', async (event) => {
    event.preventDefault();
    zone.classList.remove('over');
    send(await dropped(event.dataTransfer));
  });
}

/** Send one file; its id. */
export async function sendFile(base, file) {
  const headers = { 'X-Requested-With': 'annotator', 'Content-Type': 'application/octet-stream' };
  const answer = await fetch(`${base}/uploads/file`, { method: 'POST', headers, body: file });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error);
  return said.id;
}

async function sendAll(base, files, onProgress) {
  const sent = new Array(files.length);
  let next = 0;
  let done = 0;
  async function work() {
    while (next < files.length) {
      const place = next;
      next += 1;
      const { file, name } = files[place];
      sent[place] = { id: await sendFile(base, file), name };
      done += 1;
      onProgress(done);
    }
  }
  onProgress(0);
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return sent;
}

/** All files of a drop, folders walked, as [{file, name}]. Entries must be taken before the first await. */
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const files = [];
  for (const entry of entries) await walk(entry, files);
  return files;
}

async function walk(entry, files) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    files.push({ file, name: entry.fullPath.replace(/^\//, '') });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return; // a reader gives at most 100 at a time
    for (const child of part) await walk(child, files);
  }
}
