// Everything works without this file; with it, it is faster and has a keyboard.
import { keyboard } from "./js/keyboard.js";
import { suggestions } from "./js/suggestions.js";
import { parts } from "./js/parts.js";
import { themes } from "./js/themes.js";
import { marks } from "./js/marks.js";
import { viewer } from "./js/viewer.js";
import { folds } from "./js/folds.js";
import { asking } from "./js/asking.js";

themes();
keyboard();
parts(ready);
asking();
ready();

/** What must be done again whenever a part of the page was replaced. */
function ready() {
  suggestions();
  marks();
  viewer();
  folds();
}
