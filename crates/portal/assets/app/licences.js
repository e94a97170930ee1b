// The licences on this phone.

import { h, show } from "./dom.js";

export async function licencesView(root, wallet) {
  const { t, db } = wallet;
  const rows = await db.licences.all();
  show(root, h("h1", {}, t("tab.licences")), h("p", { class: "empty" }, String(rows.length)));
}
