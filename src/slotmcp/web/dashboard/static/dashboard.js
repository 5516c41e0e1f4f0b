// Client-side behavior. Without it, every page can still be read and every form can be submitted.
"use strict";

// Show the login page when a fragment fails to load because the session has ended.
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) window.location.reload();
});
