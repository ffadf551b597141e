// Colours for the one YAML file shown: enough of the grammar for a configuration written by hand.

const LINE = /^(\s*)(- )?(?:([\w.-]+)(:))?(.*?)(\s#.*|^#.*)?$/;

/** Return `text` as nodes, each part of a line in an element that says what it is. */
export function highlighted(text) {
  return text.trimEnd().split("\n").map((line) => {
    const row = document.createElement("span");
    row.className = "line";
    if (line.trimStart().startsWith("#")) {
      row.append(part("comment", line));
    } else {
      const [, space, dash, key, colon, value, comment] = LINE.exec(line);
      row.append(space);
      if (dash) row.append(part("mark", dash));
      if (key) row.append(part("key", key), part("mark", colon));
      if (value) row.append(part("value", value));
      if (comment) row.append(part("comment", comment));
    }
    row.append("\n");
    return row;
  });
}

function part(kind, text) {
  const span = document.createElement("span");
  span.className = `yaml-${kind}`;
  span.textContent = text;
  return span;
}
