// Elements of the page. Everything is text: nothing received is ever read as markup.

const ICONS = {
  readable: "M4.5 10.5l3.5 3.5 7.5-8",
  refused: "M5.5 5.5l9 9m0-9l-9 9",
  part: "M5 10h10",
  seen: "M2.5 10c3.5-5.5 11.5-5.5 15 0c-3.5 5.5-11.5 5.5-15 0zM10 9v2",
  shield: "M10 3l6 2v5c0 4-3 6-6 7.5c-3-1.5-6-3.5-6-7.5V5z",
};

/** Return an element; attributes that are null are left out. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Return a picture that repeats what the words beside it say. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of [["viewBox", "0 0 20 20"], ["aria-hidden", "true"], ["class", "icon"]]) svg.setAttribute(key, value);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}
