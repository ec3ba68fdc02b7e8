// Save what a route answers as a file; a refusal is told in words instead of becoming a page of JSON.

/**
 * @param {string} url own route that answers with an attachment
 * @param {Element} note where to say how it went
 */
export async function download(url, note) {
  note.textContent = 'Preparing the file…';
  note.classList.remove('bad');
  try {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error((await answer.json()).error);
    const name = /filename="([^"]+)"/.exec(answer.headers.get('content-disposition') ?? '')?.[1] ?? 'coco.json';
    const link = Object.assign(document.createElement('a'), {
      href: URL.createObjectURL(await answer.blob()),
      download: name,
    });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // some browsers read it only after the click has returned
    note.textContent = `Downloaded ${name}.`;
  } catch (error) {
    note.textContent = `Not downloaded: ${error.message}`;
    note.classList.add('bad');
  }
}
