"use strict";
const all = (selector) => Array.from(document.querySelectorAll(selector));
const points = all("#map circle"), labels = all("#map text"), nodes = all("#graph g"), edges = all("#graph line");

function only(topic) {
  for (const part of [...points, ...labels]) part.classList.toggle("faint", topic !== null && part.dataset.topic !== topic);
}
for (const item of all("#topics li")) {
  item.addEventListener("mouseenter", () => only(item.dataset.topic));
  item.addEventListener("mouseleave", () => only(null));
}

function around(node) {
  const near = new Set([node]);
  for (const edge of edges) {
    const touches = edge.dataset.a === node || edge.dataset.b === node;
    if (touches) near.add(edge.dataset.a).add(edge.dataset.b);
    edge.classList.toggle("faint", node !== null && !touches);
  }
  for (const other of nodes) other.classList.toggle("faint", node !== null && !near.has(other.dataset.node));
}
for (const node of nodes) {
  node.addEventListener("mouseenter", () => around(node.dataset.node));
  node.addEventListener("mouseleave", () => around(null));
}

document.getElementById("find").addEventListener("input", (event) => {
  const wanted = event.target.value.trim().toLowerCase();
  for (const row of all("tbody tr, #topics li")) row.classList.toggle("hidden", !row.textContent.toLowerCase().includes(wanted));
  for (const part of [...points, ...nodes]) part.classList.toggle("faint", wanted !== "" && !part.textContent.toLowerCase().includes(wanted));
});
