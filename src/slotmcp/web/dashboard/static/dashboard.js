// What a page does that its server cannot do for it. Without it every page can still be read, and every form be sent.
"use strict";

// The log-in page is shown when a part of a page could not be had because the session has ended.
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) window.location.reload();
});
