"use strict";
// Draws the planes of the page in the reader's colours, and moves their contours with the sliders.

const CONFIG = { responsive: true, displaylogo: false, displayModeBar: false, scrollZoom: false };
const ENTER = new IntersectionObserver(entries => {
  for (const entry of entries) if (entry.isIntersecting) {
    ENTER.unobserve(entry.target);
    draw(entry.target);
  }
}, { rootMargin: "600px" });

// "var:NAME" or "var:NAME/OPACITY": a colour of the style sheet.
function coloured(value, style) {
  if (typeof value === "string" && value.startsWith("var:")) {
    const [name, alpha] = value.slice(4).split("/");
    return style.getPropertyValue("--" + name).trim() + (alpha || "");
  }
  if (Array.isArray(value)) {
    return typeof value[0] === "number" && typeof value[1] !== "string"
      ? value : value.map(each => coloured(each, style));
  }
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, coloured(v, style)]));
}

function themed(record, style) {
  const { data, layout } = coloured(record, style);
  const [ink, muted, line] = ["ink", "muted", "line"].map(n => style.getPropertyValue("--" + n));
  for (const [name, axis] of Object.entries(layout)) if (/^[xy]axis/.test(name)) {
    Object.assign(axis, { gridcolor: line, linecolor: line, zerolinecolor: line });
    Object.assign(axis, { tickfont: { color: muted }, automargin: true });
  }
  for (const trace of data) if (trace.colorbar) trace.colorbar.tickfont = { color: muted };
  return [data, {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    ...layout, margin: { l: 52, r: 10, t: 46, b: 46 }, autosize: true, dragmode: false, hovermode: "closest",
    font: { color: ink, size: 13, family: "system-ui, sans-serif" },
    legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom", font: { size: 12 } },
    hoverlabel: { font: { size: 13 } },
  }];
}

function draw(plot) {
  const [data, layout] = themed(plot.record, getComputedStyle(document.documentElement));
  if (plot.exponent !== undefined) {
    const { x, y, z } = data[0];
    Object.assign(data[1], { x, y, z });
    Object.assign(data[1].contours, { start: plot.exponent, end: plot.exponent });
  }
  plot.drawn = Plotly.react(plot, data, layout, CONFIG);
}

function moveContours(section) {
  const slider = section.querySelector("input[type=range]");
  const exponent = Number(slider.value);
  const epsilon = (10 ** exponent).toPrecision(3);
  section.querySelector("output").textContent = "ε = " + Number(epsilon);
  slider.setAttribute("aria-valuetext", "epsilon " + Number(epsilon));
  for (const plot of section.querySelectorAll(".plane .plot")) {
    plot.exponent = exponent;
    if (plot.drawn) {
      Plotly.restyle(plot, { "contours.start": exponent, "contours.end": exponent }, [1]);
    }
  }
}

for (const plot of document.querySelectorAll(".plot")) {
  plot.record = JSON.parse(plot.nextElementSibling.textContent);
  ENTER.observe(plot);
}
for (const section of document.querySelectorAll(".matrix")) {
  section.querySelector("input[type=range]").addEventListener("input", () => moveContours(section));
  moveContours(section);
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const plot of document.querySelectorAll(".plot")) if (plot.drawn) draw(plot);
});
addEventListener("beforeprint", () => document.querySelectorAll(".plot").forEach(draw));
