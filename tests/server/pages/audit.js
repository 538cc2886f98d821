// What is asked of every page: landmarks, names, labels, headers, order of headings, contrast (WCAG AA).
() => {
  const problems = [];
  const visible = (e) => e.getClientRects().length && getComputedStyle(e).visibility !== "hidden";
  const name = (e) => (e.getAttribute("aria-label") || (e.getAttribute("aria-labelledby") || "").split(" ")
      .map((id) => document.getElementById(id)?.textContent || "").join(" ") || e.textContent || e.title || "").trim();
  if (!document.documentElement.lang) problems.push("no language");
  if (!document.title.trim()) problems.push("no title");
  for (const [what, count] of [["main", 1], ["header.bar", 1], ["footer", 1], ["h1", 1]])
    if (document.querySelectorAll(what).length !== count) problems.push(`not one ${what}`);
  if (!document.querySelector("nav[aria-label]")) problems.push("no named navigation");
  if (!document.querySelector("a.skip[href='#content']")) problems.push("no way past the head");
  const seen = new Set();
  for (const e of document.querySelectorAll("[id]")) {
    if (seen.has(e.id)) problems.push(`id ${e.id} twice`);
    seen.add(e.id);
  }
  for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    if (!(e.labels && e.labels.length && e.labels[0].textContent.trim())) problems.push(`no label: ${e.outerHTML}`);
  for (const e of document.querySelectorAll("a[href], button"))
    if (visible(e) && !name(e)) problems.push(`no name: ${e.outerHTML}`);
  for (const e of document.querySelectorAll("table")) {
    if (!e.querySelector("thead th[scope]")) problems.push("a table without headers of columns");
    if ([...e.tBodies[0].rows].some((row) => !row.querySelector("th[scope=row]"))) problems.push("a row without header");
  }
  for (const e of document.querySelectorAll("[role=region], [role=search], section, aside"))
    if (!name(e) && !e.classList.contains("message")) problems.push(`no name: ${e.className}`);
  for (const e of document.querySelectorAll("a[href^='#']"))
    if (!document.getElementById(e.getAttribute("href").slice(1))) problems.push(`leads nowhere: ${e.outerHTML}`);
  let last = 1;
  for (const e of document.querySelectorAll("main h1, main h2, main h3, main h4, main h5, main h6")) {
    const level = Number(e.tagName[1]);
    if (level > last + 1) problems.push(`heading ${e.textContent.trim()} skips a level`);
    last = level;
  }
  const parse = (text) => { const p = text.match(/[\d.]+/g).map(Number); return p.length < 4 ? [...p, 1] : p; };
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    if (/^rgba?\(/.test(color)) return parse(color);
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    const d = canvas.getImageData(0, 0, 1, 1).data; return [d[0], d[1], d[2], d[3] / 255];
  };
  const over = (top, under) => top.slice(0, 3).map((v, i) => v * top[3] + under[i] * (1 - top[3])).concat(1);
  const ground = (e) => {
    const layers = [];
    for (let at = e; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
    let color = [255, 255, 255, 1];
    for (const layer of layers.reverse()) color = over(layer, color);
    return color;
  };
  const light = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const checked = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || checked.has(e) || !visible(e) || e.closest(".unseen, .skip, script, option")) continue;
    checked.add(e);
    const under = ground(e), ink = over(rgba(getComputedStyle(e).color), under);
    const [a, b] = [light(under), light(ink)].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) problems.push(`contrast ${((a + 0.05) / (b + 0.05)).toFixed(2)}: ${e.outerHTML.slice(0, 120)}`);
  }
  if (document.documentElement.scrollWidth > innerWidth + 1) problems.push(`wider than the window: ${document.documentElement.scrollWidth}, ` + [...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.parentElement.closest('.wide, .readme, .command')).map((e) => e.outerHTML.slice(0, 80)).slice(0, 3).join(', '));
  return problems;
}
