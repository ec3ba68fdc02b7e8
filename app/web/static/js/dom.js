// Small helpers to make DOM. Text goes in through textContent only: names come from files and people.

/** An element: h('button', {class: 'x', onclick: f, 'aria-label': 'Go', data: {id: 1}}, 'text', child). */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'data') Object.assign(element.dataset, value);
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Run at most once a frame, with the latest arguments. */
export function oncePerFrame(run) {
  let pending = 0;
  return () => {
    if (!pending) {
      pending = requestAnimationFrame(() => {
        pending = 0;
        run();
      });
    }
  };
}

/** Whether this element is laid out at all: false inside a hidden tab. */
export const shown = (element) => element.isConnected && element.getClientRects().length > 0;
