/// Keeps a page up to date while its pipeline runs. Everything it does is also there without it, after a reload.
enum LiveScript {
    static let text = """
        "use strict";
        (() => {
          const live = document.querySelector("[data-live]");
          if (!live || !live.dataset.live || !window.EventSource) return;
          const log = document.getElementById("log");
          const source = new EventSource(live.dataset.live);
          source.addEventListener("state", (event) => { live.innerHTML = JSON.parse(event.data); });
          source.addEventListener("log", (event) => {
            if (!log) { location.reload(); return; }
            const follows = log.scrollTop + log.clientHeight > log.scrollHeight - 40;
            log.insertAdjacentHTML("beforeend", JSON.parse(event.data));
            if (follows) log.scrollTop = log.scrollHeight;
          });
          source.addEventListener("turn", () => { source.close(); location.reload(); });
          source.addEventListener("end", () => source.close());
          if (log) log.scrollTop = log.scrollHeight;
        })();
        """
}
