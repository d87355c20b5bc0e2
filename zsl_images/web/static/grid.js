// A grid that shows a window of very many photos: only the cells in sight exist.

import { element } from "./dom.js";

const WIDTH = 168;
const HEIGHT = 196;
const PAGE = 120; // rows per request
const KEPT = 600; // pictures in memory
const AT_ONCE = 4; // pictures that are fetched at the same time, so that rows need not wait for them

export class Grid {
  constructor(view, space, source) {
    Object.assign(this, { view, space, source, total: 0, corrected: 0, focus: 0, fetching: 0 });
    this.pages = new Map(); // number of the page → promise of its rows, then the rows
    this.pictures = new Map(); // row → address
    this.cells = new Map(); // place → element
    this.selected = new Set(); // places
    view.addEventListener("scroll", () => this.draw(), { passive: true });
    view.addEventListener("keydown", (event) => this.key(event));
    view.addEventListener("click", (event) => this.click(event));
    new ResizeObserver(() => this.draw()).observe(view);
  }

  get columns() { return Math.max(1, Math.floor(this.view.clientWidth / WIDTH)); }

  async reset() {
    this.pages.clear();
    this.selected.clear();
    for (const address of this.pictures.values()) URL.revokeObjectURL(address);
    this.pictures.clear();
    this.clearCells();
    Object.assign(this, { focus: 0 });
    this.view.scrollTop = 0;
    await this.load(0);
    this.draw();
  }

  clearCells() {
    for (const cell of this.cells.values()) cell.remove();
    this.cells.clear();
  }

  async load(number) {
    if (this.pages.has(number)) return;
    this.pages.set(number, []);
    const { total, corrected, rows } = await this.source.page(number * PAGE, PAGE);
    Object.assign(this, { total, corrected });
    this.pages.set(number, rows);
    for (const [place, cell] of this.cells) {
      if (Math.floor(place / PAGE) === number) {
        cell.remove();
        this.cells.delete(place);
      }
    }
    this.draw();
  }

  row(place) { return this.pages.get(Math.floor(place / PAGE))?.[place % PAGE]; }

  draw() {
    const { columns } = this;
    if (columns !== this.drawnColumns) this.clearCells();
    this.drawnColumns = columns;
    this.space.style.height = `${Math.ceil(this.total / columns) * HEIGHT}px`;
    const top = Math.floor(this.view.scrollTop / HEIGHT) - 1;
    const bottom = Math.ceil((this.view.scrollTop + this.view.clientHeight) / HEIGHT) + 1;
    const first = Math.max(0, top * columns);
    const last = Math.min(this.total, bottom * columns);
    for (const [place, cell] of this.cells) {
      if (place < first || place >= last) {
        cell.remove();
        this.cells.delete(place);
      }
    }
    for (let place = first; place < last; place += 1) {
      if (!this.cells.has(place)) this.make(place);
    }
    const ahead = Math.min(Math.ceil(this.total / PAGE), Math.floor(last / PAGE) + 2);
    for (let page = Math.max(0, Math.floor(first / PAGE) - 1); page < ahead; page += 1) this.load(page);
    this.point();
  }

  make(place) {
    const row = this.row(place);
    const [title, note] = row ? this.source.text(row) : ["…", ""];
    const picture = element("img", { alt: "" });
    const cell = element("div", { id: `cell-${place}`, className: "cell" }, picture,
      element("span", { className: "title" }, title), element("span", { className: "note" }, note));
    cell.setAttribute("role", "option");
    cell.setAttribute("aria-posinset", place + 1);
    cell.setAttribute("aria-setsize", this.total);
    cell.dataset.place = place;
    cell.classList.toggle("corrected", Boolean(row?.correction));
    cell.style.transform = `translate(${(place % this.columns) * WIDTH}px, ${Math.floor(place / this.columns) * HEIGHT}px)`;
    this.cells.set(place, cell);
    this.space.append(cell);
    if (row && !row.error) this.fill(picture, row);
  }

  async fill(picture, row) {
    if (!this.pictures.has(row.row)) {
      await new Promise((resolve) => setTimeout(resolve, 60)); // not for cells that fly by
      while (this.fetching >= AT_ONCE) await new Promise((resolve) => setTimeout(resolve, 20));
      if (!picture.isConnected) return;
      this.fetching += 1;
      try {
        this.pictures.set(row.row, await this.source.picture(row));
      } catch {
        picture.alt = "no picture";
        return;
      } finally {
        this.fetching -= 1;
      }
      for (const [old, address] of this.pictures) {
        if (this.pictures.size <= KEPT) break;
        URL.revokeObjectURL(address);
        this.pictures.delete(old);
      }
    }
    picture.src = this.pictures.get(row.row);
  }

  point() {
    for (const [place, cell] of this.cells) {
      cell.classList.toggle("focus", place === this.focus);
      cell.setAttribute("aria-selected", this.selected.has(place));
    }
    const cell = this.cells.get(this.focus);
    if (cell) this.view.setAttribute("aria-activedescendant", cell.id);
    else this.view.removeAttribute("aria-activedescendant");
  }

  move(to) {
    if (!this.total) return;
    this.focus = Math.max(0, Math.min(this.total - 1, to));
    const top = Math.floor(this.focus / this.columns) * HEIGHT;
    if (top < this.view.scrollTop) this.view.scrollTop = top;
    const lowest = top + HEIGHT - this.view.clientHeight;
    if (lowest > this.view.scrollTop) this.view.scrollTop = lowest;
    this.draw();
  }

  next() { this.selected.clear(); this.move(this.focus + 1); }

  toggle(place) {
    if (!this.selected.delete(place)) this.selected.add(place);
    this.point();
  }

  key(event) {
    const rows = Math.max(1, Math.floor(this.view.clientHeight / HEIGHT));
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.columns, ArrowUp: -this.columns,
      PageDown: rows * this.columns, PageUp: -rows * this.columns, Home: -Infinity, End: Infinity };
    if (event.key in steps) {
      if (event.shiftKey) this.selected.add(this.focus);
      this.move(this.focus + steps[event.key]);
      if (event.shiftKey) this.toggle(this.focus);
    } else if (event.key === " ") this.toggle(this.focus);
    else if (event.key === "Escape") { this.selected.clear(); this.point(); }
    else return;
    event.preventDefault();
  }

  click(event) {
    const place = Number(event.target.closest(".cell")?.dataset.place ?? NaN);
    if (Number.isNaN(place)) return;
    if (event.shiftKey) {
      const [low, high] = [Math.min(place, this.focus), Math.max(place, this.focus)];
      for (let one = low; one <= high; one += 1) this.selected.add(one);
    } else this.toggle(place);
    this.move(place);
  }

  chosen() {
    const places = this.selected.size ? [...this.selected] : [this.focus];
    return places.map((place) => this.row(place)).filter((row) => row && !row.error);
  }

  mark(numbers, labels) {
    const of = new Map(numbers.map((number, index) => [number, labels[index]]));
    for (const rows of this.pages.values()) {
      for (const row of rows) if (of.has(row.row)) row.correction = of.get(row.row);
    }
    this.clearCells();
    this.draw();
  }
}
