(function () {
  var root = document.documentElement;
  var other = document.getElementById("other");
  function speak(lang) {
    root.lang = lang;
    root.dir = lang === "ar" ? "rtl" : "ltr";
  }
  // A page that is opened by the phone itself may have no memory of its own.
  function memory(lang) {
    try {
      if (lang) localStorage.setItem("lang", lang);
      return localStorage.getItem("lang");
    } catch (e) {
      return lang;
    }
  }
  var kept = memory();
  if (kept === "ar" || kept === "en") speak(kept);
  other.hidden = false;
  other.onclick = function () {
    speak(root.lang === "ar" ? "en" : "ar");
    memory(root.lang);
  };

  // What the router says is English; what is known of it is said in both languages instead.
  var said = document.getElementById("said");
  var known = document.querySelectorAll("[data-says]");
  for (var n = 0; said && n < known.length; n++) {
    if (said.textContent.indexOf(known[n].getAttribute("data-says")) >= 0) {
      known[n].hidden = false;
      said.hidden = true;
      break;
    }
  }

  // A code is capitals and Latin digits, whatever keyboard it was typed on; it is name and password in one.
  var form = document.getElementById("by-code");
  if (!form) return;
  form.hidden = false;
  form.onsubmit = function () {
    var code = form.username.value
      .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, function (c) {
        return String.fromCharCode(48 + (c.charCodeAt(0) & 15));
      })
      .replace(/[\s\u200e\u200f]/g, "")
      .toUpperCase();
    form.username.value = code;
    form.password.value = code;
    return code !== "";
  };
})();
