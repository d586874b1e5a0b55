// The worst contrast (WCAG 2) between a text and what lies behind it, and where that is.
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const linear = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const color = rgba(getComputedStyle(node).backgroundColor);
      if (color[3] > 250) return color;
    }
    return [255, 255, 255, 255];
  };
  let worst = 99, where = "";
  for (const node of document.querySelectorAll("body *")) {
    const speaks = [...node.childNodes].some((one) => one.nodeType === 3 && one.textContent.trim());
    if (!speaks || !node.checkVisibility() || node.closest(".hidden, .skip, .simulated, script")) continue;
    const text = light(rgba(getComputedStyle(node).color)), ground = light(behind(node));
    const ratio = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
    if (ratio < worst) { worst = ratio; where = node.outerHTML.slice(0, 120); }
  }
  return { worst, where };
}
