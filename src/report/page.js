"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const table = byId("inputs");

  /** An element with properties (names with "-" and `role` are attributes) and children. */
  function make(name, properties = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key.includes("-") || key === "role") element.setAttribute(key, value);
      else element[key] = value;
    }
    element.append(...children);
    return element;
  }

  // Details of the rows, read when the first is needed.
  let details;
  const detailsOf = (number) => (details ??= JSON.parse(byId("details").textContent))[number];
  const numberOf = (row) => Number(row.id.slice(1));
  const embedded = (kind, side, number) => byId(kind + side + number)?.textContent;

  // Filter and search.
  const form = document.querySelector(".filters");
  const sections = [...table.querySelectorAll(".section")];
  let searchable;

  function searchText() {
    return sections.flatMap((section) =>
      [...section.querySelectorAll(".row")].map((row) => {
        const ids = detailsOf(numberOf(row)).i.map((fact) => fact[1]);
        return [row, [row.textContent, ...ids].join("\n").toLowerCase()];
      }));
  }

  function filter() {
    const state = form.elements.state.value;
    const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    searchable ??= searchText();
    let shown = 0;
    close();
    const visible = new Map(sections.map((section) => [section, 0]));
    for (const [row, text] of searchable) {
      const fits = (!state || row.classList.contains(state)) && words.every((word) => text.includes(word));
      if (row.hidden === fits) row.hidden = !fits;
      if (fits) {
        shown += 1;
        visible.set(row.parentNode, visible.get(row.parentNode) + 1);
      }
    }
    const height = matchMedia("(max-width: 46rem)").matches ? 90 : 37;
    for (const [section, rows] of visible) {
      section.hidden = rows === 0;
      section.style.containIntrinsicSize = `auto ${rows * height}px`;
    }
    byId("shown").textContent = `${shown} of ${searchable.length} shown`;
  }

  let pending;
  form.addEventListener("input", () => {
    clearTimeout(pending);
    pending = setTimeout(filter, 60);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    filter();
  });

  // Rows open one at a time, so that there is one player.
  let open;

  function close() {
    if (!open) return;
    open.button.setAttribute("aria-expanded", "false");
    for (const video of open.panel.querySelectorAll("video")) {
      video.pause();
      video.removeAttribute("src");
      video.load();
    }
    open.panel.remove();
    open = undefined;
  }

  table.addEventListener("click", (event) => {
    const button = event.target.closest(".row button");
    if (!button) return;
    const wasOpen = open?.button === button;
    close();
    if (wasOpen) return;
    const row = button.closest(".row");
    const panel = make("div", { className: "panel", role: "row" });
    const cell = make("div", { role: "cell", "aria-colspan": "7" });
    panel.append(cell);
    open = { button, panel };
    fill(cell, numberOf(row), button.textContent);
    row.after(panel);
    button.setAttribute("aria-expanded", "true");
  });

  document.addEventListener("keydown", (event) => {
    if (!open || event.target.type === "search" || event.ctrlKey || event.metaKey || event.altKey) return;
    const frames = { ",": -1, ".": 1 }[event.key];
    if (frames) open.step?.(frames);
    if (event.key === "Escape") {
      const { button } = open;
      close();
      button.focus();
    }
  });

  function media(details, side, number, name) {
    const entry = details[side];
    if (!entry.k || entry.k === "o") return undefined;
    const label = side === "b" ? "before" : "after";
    const source = embedded("e", side, number) ?? entry.h;
    if (entry.k === "p") {
      return make("img", { className: label, src: source, alt: `${name}, ${label}`, draggable: false });
    }
    const poster = embedded("p", side, number);
    const video = make("video", {
      className: label, muted: true, playsInline: true, loop: true,
      preload: poster ? "none" : "auto", "aria-label": `${name}, ${label}`,
    });
    if (poster) video.poster = poster;
    video.src = source;
    return video;
  }

  /** Fills the panel of a row. */
  function fill(cell, number, name) {
    const row = detailsOf(number);
    const before = media(row, "b", number, name);
    const after = media(row, "a", number, name);
    if (before || after) {
      const stage = make("div", { className: "stage" });
      if (before) stage.append(before, make("span", { className: "tag left" }, "before"));
      if (after) {
        after.classList.add("checks");
        stage.append(after, make("span", { className: "tag right" }, "after"));
      }
      cell.append(stage);
      if (before && after) cell.append(wipe(stage));
      const videos = [after, before].filter((element) => element?.tagName === "VIDEO");
      if (videos.length) cell.append(player(videos, row.f ?? 1 / 25));
      if (after) cell.append(colors(after));
    }
    for (const [side, element] of [["b", before], ["a", after]]) {
      const label = side === "b" ? "input" : "output";
      const entry = row[side];
      if (entry.t) cell.append(make("p", { className: "note" }, entry.t));
      if (entry.h && !element) {
        cell.append(make("p", { className: "note" }, `A browser does not show this ${label}.`));
      }
      element?.addEventListener("error", () => {
        const why = `This browser cannot show the ${label}; it may be gone, or in a format that it does not play.`;
        cell.append(make("p", { className: "note bad", role: "status" }, why));
      });
    }
    const list = make("dl");
    const fact = (term, value) => list.append(make("dt", {}, term), make("dd", {}, value));
    for (const [side, label] of [["b", "input"], ["a", "output"]]) {
      const link = row[side].h;
      if (link) fact(label, make("a", { href: link }, decoded(link)));
    }
    for (const [term, value] of row.i) fact(term, value);
    if (row.n) fact("next", make("code", {}, row.n));
    cell.append(list);
  }

  /** A link as people read it; unchanged if it is not Unicode. */
  function decoded(link) {
    try {
      return decodeURIComponent(link);
    } catch {
      return link;
    }
  }

  /** The slider between before and after, moved by keyboard and by dragging over the stage. */
  function wipe(stage) {
    stage.classList.add("both");
    const slider = make("input", { type: "range", min: 0, max: 100, step: 1, value: 50 });
    slider.setAttribute("aria-label", "Wipe between before and after");
    const apply = () => {
      stage.style.setProperty("--at", `${slider.value}%`);
      slider.setAttribute("aria-valuetext", `${slider.value} % before, ${100 - slider.value} % after`);
    };
    slider.addEventListener("input", apply);
    const drag = (event) => {
      const box = stage.getBoundingClientRect();
      slider.value = Math.round(((event.clientX - box.left) / box.width) * 100);
      apply();
    };
    stage.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      stage.setPointerCapture(event.pointerId);
      drag(event);
    });
    stage.addEventListener("pointermove", (event) => {
      if (stage.hasPointerCapture(event.pointerId)) drag(event);
    });
    apply();
    return make("div", { className: "controls" }, make("label", { className: "wide" }, "Wipe", slider));
  }

  /** Plays the videos together; the first is the clock. */
  function player(videos, frame) {
    const [clock, ...others] = videos;
    const play = make("button", { type: "button" }, "Play");
    const time = make("input", { type: "range", min: 0, max: 1, step: "any", value: 0 });
    time.setAttribute("aria-label", "Time");
    const shown = make("span", {}, "0.00 s");
    const show = () => {
      shown.textContent = `${clock.currentTime.toFixed(2)} s`;
      time.max = clock.duration || 1;
      time.value = clock.currentTime;
      time.setAttribute("aria-valuetext", shown.textContent);
    };
    const seek = (to) => {
      const end = Math.max(0, (clock.duration || to + frame) - frame / 2);
      for (const video of videos) video.currentTime = Math.min(Math.max(0, to), end);
    };
    // In the middle of a frame, so that rounding does not show its neighbour.
    const step = (frames) => {
      pause();
      seek((Math.floor(clock.currentTime / frame + 1e-6) + frames + 0.5) * frame);
    };
    const pause = () => videos.forEach((video) => video.pause());
    const align = () => {
      for (const video of others) {
        if (Math.abs(video.currentTime - clock.currentTime) > 0.06) video.currentTime = clock.currentTime;
      }
    };
    play.addEventListener("click", () => {
      if (!clock.paused) return pause();
      align();
      // A video that cannot be played reports an error of its own.
      videos.forEach((video) => video.play().catch(() => undefined));
    });
    clock.addEventListener("play", () => (play.textContent = "Pause"));
    clock.addEventListener("pause", () => (play.textContent = "Play"));
    for (const name of ["timeupdate", "loadedmetadata"]) clock.addEventListener(name, show);
    clock.addEventListener("timeupdate", () => clock.paused || align());
    time.addEventListener("input", () => seek(Number(time.value)));
    open.step = step;
    const button = (text, label, frames) => {
      const made = make("button", { type: "button", title: label, "aria-label": label }, text);
      made.addEventListener("click", () => step(frames));
      return made;
    };
    return make("div", { className: "controls" }, play,
      button("−1", "Previous frame (,)", -1), button("+1", "Next frame (.)", 1),
      make("label", { className: "wide" }, time, shown));
  }

  const COLORS = { checks: "", white: "#fff", black: "#000", green: "#00b140", magenta: "#f0f" };

  /** What shows through the output. */
  function colors(after) {
    const set = make("fieldset", { className: "colors" }, make("legend", { className: "hidden" }, "Background"));
    const own = make("input", { type: "color", value: "#4080c0", "aria-label": "Another background color" });
    const apply = (name, color) => {
      after.classList.toggle("checks", name === "checks");
      after.style.background = color;
    };
    for (const [name, color] of Object.entries(COLORS)) {
      const radio = make("input", { type: "radio", name: "background", checked: name === "checks" });
      radio.setAttribute("aria-label", name === "checks" ? "checkerboard" : name);
      radio.addEventListener("change", () => apply(name, color));
      set.append(make("label", {}, radio, make("span", { className: name })));
    }
    own.addEventListener("input", () => apply("", own.value));
    set.append(own);
    return make("div", { className: "controls" }, "Background", set);
  }
})();
