// What a person does with the page of `rbgv report`, in headless Chromium.
//
//   node report.mjs check CHROMIUM PAGE [DIRECTORY]   facts as JSON; screenshots into DIRECTORY
//   node report.mjs paint CHROMIUM PAGE               milliseconds to the first paint and to the end of loading, medians of 7
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { withTab } from "./chromium.mjs";

const [mode, program, page, directory] = process.argv.slice(2);
const url = pathToFileURL(resolve(page)).href;

async function check(tab) {
  const shoot = async (name) => {
    if (directory) writeFileSync(join(directory, `${name}.png`), await tab.screenshot());
  };
  const size = (width, height, mobile = false) =>
    tab.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile });
  const scheme = (value) =>
    tab.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] });
  const visible = () => tab.evaluate(
    "[...document.querySelectorAll('.section .row')].filter((row) => row.checkVisibility()).length");
  const facts = {};

  await size(1200, 900);
  await scheme("light");
  await tab.open(url);
  await shoot("light");
  facts.rows = await visible();
  facts.sideways = await tab.evaluate("document.documentElement.scrollWidth > innerWidth");

  const { nodes } = await tab.send("Accessibility.getFullAXTree");
  const named = (role) => nodes
    .filter((node) => !node.ignored && node.role?.value === role)
    .map((node) => node.name?.value ?? "");
  facts.tree = {
    tables: named("table"), rows: named("row").length, buttons: named("button"),
    headers: named("columnheader"), images: named("image").concat(named("img")),
    radios: named("radio"), search: named("searchbox"),
  };

  // The first row with both clips, by keyboard.
  await tab.evaluate("document.querySelector('.row.done button').focus()");
  await tab.key("Enter", "Enter", 13, "\r");
  await tab.until("document.querySelector('.panel')");
  facts.expanded = await tab.evaluate("document.querySelector('.row.done button').ariaExpanded");
  await tab.until("[...document.querySelectorAll('.panel video')].every((video) => video.readyState >= 2)");
  facts.videos = await tab.evaluate("document.querySelectorAll('.panel video').length");
  facts.notes = await tab.evaluate("[...document.querySelectorAll('.panel .note')].map((note) => note.textContent)");

  // The wipe, by keyboard and mouse.
  const slider = "document.querySelector('.panel input[aria-label^=Wipe]')";
  const wipe = () => tab.evaluate(
    `({ value: ${slider}.value, text: ${slider}.getAttribute('aria-valuetext'),
        at: document.querySelector('.stage').style.getPropertyValue('--at') })`);
  await tab.evaluate(`${slider}.focus()`);
  for (let press = 0; press < 20; press++) await tab.key("ArrowRight", "ArrowRight", 39);
  facts.wipe = await wipe();
  await shoot("wipe");
  const box = await tab.evaluate(
    "(({ left, top, width, height }) => ({ left, top, width, height }))(document.querySelector('.stage').getBoundingClientRect())");
  const middle = box.top + box.height / 2;
  await tab.mouse("mousePressed", box.left + box.width * 0.5, middle);
  await tab.mouse("mouseMoved", box.left + box.width * 0.25, middle);
  await tab.mouse("mouseReleased", box.left + box.width * 0.25, middle);
  facts.dragged = await wipe();

  // Frames, by key.
  const times = () => tab.evaluate("[...document.querySelectorAll('.panel video')].map((video) => video.currentTime)");
  const settled = () => tab.until("[...document.querySelectorAll('.panel video')].every((video) => !video.seeking)");
  facts.frames = [await times()];
  for (const [key, code, keyCode] of [[".", "Period", 190], [".", "Period", 190], [",", "Comma", 188]]) {
    await tab.key(key, code, keyCode, key);
    await settled();
    facts.frames.push(await times());
  }
  await tab.evaluate("document.querySelector('.panel input[aria-label=magenta]').click()");
  facts.color = await tab.evaluate("getComputedStyle(document.querySelector('.panel .after')).backgroundColor");
  await shoot("magenta");
  await tab.key("Escape", "Escape", 27);
  facts.closed = await tab.evaluate("!document.querySelector('.panel') && document.activeElement.tagName");

  // Every other state.
  facts.panels = await tab.evaluate(
    `[...document.querySelectorAll('.section .row')].map((row) => {
       row.querySelector('button').click();
       const text = document.querySelector('.panel').innerText;
       row.querySelector('button').click();
       return text;
     })`);

  // Filter and search.
  await tab.evaluate("document.querySelector('.filters input[value=failed]')?.click()");
  await tab.until("document.getElementById('shown').textContent");
  facts.failed = [await visible(), await tab.evaluate("document.getElementById('shown').textContent")];
  await tab.evaluate("document.querySelector('.filters input[value=\"\"]').click(); document.getElementById('search').focus()");
  await tab.send("Input.insertText", { text: "two" });
  await tab.until("!document.getElementById('shown').textContent.startsWith('1 of') || document.querySelector('.filters input[value=\"\"]').checked");
  await new Promise((done) => setTimeout(done, 200));
  facts.found = await visible();
  await shoot("search");

  await tab.evaluate("document.getElementById('search').value = ''; document.querySelector('.filters').requestSubmit()");
  await scheme("dark");
  await tab.evaluate("document.querySelector('.row.done button').click()");
  await tab.until("[...document.querySelectorAll('.panel video')].every((video) => video.readyState >= 2)");
  await shoot("dark");
  await size(390, 844, true);
  await tab.evaluate("scrollTo(0, 0)");
  await shoot("phone");
  await tab.evaluate("document.querySelector('.panel').previousElementSibling.scrollIntoView()");
  await shoot("phone-row");
  facts.phone_sideways = await tab.evaluate("document.documentElement.scrollWidth > innerWidth");
  const { data } = await tab.send("Page.printToPDF", {});
  facts.printed = Buffer.from(data, "base64").length;
  if (directory) writeFileSync(join(directory, "print.pdf"), Buffer.from(data, "base64"));

  facts.complaints = tab.complaints;
  facts.requests = tab.requests;
  return facts;
}

async function paint() {
  const times = [];
  for (let load = 0; load < 7; load++) {
    times.push(await withTab(program, async (tab) => {
      await tab.open(url);
      const painted = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime";
      await tab.until(painted);
      return [await tab.evaluate(painted),
        await tab.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")];
    }));
  }
  const median = (place) =>
    Math.round(times.map((load) => load[place]).sort((one, other) => one - other)[3]);
  return { painted_ms: median(0), loaded_ms: median(1) };
}

console.log(JSON.stringify(mode === "paint" ? await paint() : await withTab(program, check)));
