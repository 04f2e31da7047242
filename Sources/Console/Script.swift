/// The script that updates the pages. It is optional: every page is complete without it.
enum Script {
    /// Minutes. The pauses before a waiting act is sent again double up to this one, because each attempt is in the audit.
    static let longestPauseOfAct = 5

    /// The stream only signals a change. Then the page is loaded again, and its elements with `data-live` replace the
    /// old ones. So the content is decided by the server alone.
    static let text = #"""
        "use strict";
        (() => {
          const pause = /\/(subject|me)$/.test(location.pathname) ? 1000 : 5000, longest = 60000;
          const longestOfAct = \#(longestPauseOfAct) * 60000;

          // Local times as hints.
          const local = (root) => {
            for (const time of root.querySelectorAll("time[datetime]")) {
              const date = new Date(time.dateTime);
              if (isNaN(date)) continue;
              const text = date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
              const hint = time.dataset.hint ?? (time.dataset.hint = time.title);
              time.title = (hint ? hint + ", " : "") + text + " here";
            }
          };
          local(document);
          const zone = document.querySelector(".local");
          if (zone) {
            zone.textContent = " (point at one for " + Intl.DateTimeFormat().resolvedOptions().timeZone + ")";
            zone.hidden = false;
          }

          // Clocks that run, from what was left when the page was made.
          const loaded = Date.now();
          const span = (seconds) => {
            const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
            const first = parts.findIndex(([size]) => seconds >= size);
            if (first < 0) return "0 s";
            const big = Math.floor(seconds / parts[first][0]);
            const small = first < 3 ? Math.floor(seconds % parts[first][0] / parts[first + 1][0]) : 0;
            return big + " " + parts[first][1] + (small && !(first === 0 && big >= 10) ? " " + small + " " + parts[first + 1][1] : "");
          };
          setInterval(() => {
            if (document.hidden) return;
            for (const left of document.querySelectorAll("[data-left]")) {
              left.dataset.since ??= Date.now();
              const seconds = left.dataset.left - (Date.now() - (left.closest("[data-live]") ? left.dataset.since : loaded)) / 1000;
              left.textContent = seconds > 0 ? "(in " + span(seconds) + ")" : "(" + span(-seconds) + " ago)";
            }
          }, 1000);

          // Copy what is shortened.
          for (const code of document.querySelectorAll("[data-copy]")) {
            if (!navigator.clipboard) break;
            const button = document.createElement("button");
            button.type = "button";
            button.className = "copy";
            button.textContent = "Copy";
            button.setAttribute("aria-label", "Copy " + code.textContent);
            button.addEventListener("click", async () => {
              try {
                await navigator.clipboard.writeText(code.dataset.copy);
                button.textContent = "Copied";
              } catch { button.textContent = "Not allowed"; }
              setTimeout(() => { button.textContent = "Copy"; }, 2000);
            });
            code.after(" ", button);
          }

          // The menu closes by Escape.
          const menu = document.querySelector("details.menu");
          document.addEventListener("keydown", (event) => {
            if (event.key !== "Escape" || !menu?.open) return;
            menu.open = false;
            menu.querySelector("summary").focus();
          });

          // Keys, outside of text fields.
          const paths = { o: "", s: "/subjects", a: "/appeals", p: "/policies", l: "/lag", d: "/dead-letters" };
          let waits = false;
          document.addEventListener("keydown", (event) => {
            if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
            if (waits) {
              waits = false;
              const path = paths[event.key];
              const link = path === undefined ? null : document.querySelector('nav a[href="/console' + path + '"]');
              if (link) location.assign(link.href);
              return;
            }
            if (event.key === "g") {
              waits = true;
              setTimeout(() => { waits = false; }, 1500);
            } else if (event.key === "/") {
              const field = document.querySelector("form[role=search] input");
              if (field) { field.focus(); event.preventDefault(); }
            } else if (event.key === "?") {
              location.assign("/console/words");
            }
          });

          // A form is sent once.
          for (const form of document.querySelectorAll("form[method=post]")) {
            form.addEventListener("submit", () => {
              for (const button of form.querySelectorAll("button")) setTimeout(() => { button.disabled = true; }, 0);
            });
          }
          addEventListener("pageshow", (event) => {
            if (event.persisted) for (const button of document.querySelectorAll("button")) button.disabled = false;
          });

          // What has the focus, or an open detail, stays as it is until it has lost it.
          const shown = new Map();
          const parsed = (text) => new DOMParser().parseFromString(text, "text/html");
          const replace = (page) => {
            for (const old of document.querySelectorAll("[data-live]")) {
              const made = page.getElementById(old.id);
              if (!made || made.innerHTML === shown.get(old.id)) continue;
              if (old.contains(document.activeElement) || old.querySelector("details[open]")) continue;
              const html = made.innerHTML;
              old.replaceChildren(...made.childNodes);
              shown.set(old.id, html);
              local(old);
            }
          };

          // An act that waits is sent again by itself. Its key is the same, so it is done once.
          const again = document.querySelector("form[data-again]");
          if (again) {
            const attempts = new AbortController();
            let delay = again.dataset.again * 1000;
            const send = async () => {
              if (document.hidden) {
                document.addEventListener("visibilitychange", send, { once: true });
                return;
              }
              try {
                const body = new URLSearchParams(new FormData(again));
                const answer = await fetch(again.action, { method: "POST", body, signal: attempts.signal });
                if (answer.redirected) {
                  location.replace(answer.url);
                  return;
                }
                // What the person has to read comes as a page of its own.
                if (answer.status < 500 && answer.status !== 429) {
                  again.submit();
                  return;
                }
                replace(parsed(await answer.text()));
              } catch {
                // The connection may come back.
              }
              delay = Math.min(longestOfAct, delay * 2);
              if (!attempts.signal.aborted) setTimeout(send, delay);
            };
            again.querySelector("[data-again-note]").hidden = false;
            again.addEventListener("submit", () => attempts.abort());
            setTimeout(send, delay);
          }

          // Live.
          const stream = document.body.dataset.stream;
          if (!stream || !document.querySelector("[data-live]") || !window.EventSource) return;
          const pulse = document.querySelector(".pulse");
          let timer = 0, isLoading = false, isWanted = false, isLive = true, last = Date.now(), wait = pause, source = null;

          const ask = () => {
            isWanted = true;
            if (timer || isLoading || !isLive || document.hidden) return;
            timer = setTimeout(load, Math.max(0, last + wait - Date.now()));
          };
          const load = async () => {
            timer = 0;
            isLoading = true;
            isWanted = false;
            try {
              const answer = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "error" });
              if (!answer.ok) throw new Error(String(answer.status));
              const page = parsed(await answer.text());
              replace(page);
              wait = pause;
              // A page that waited for something has it now.
              if (!page.body.dataset.stream) {
                isLive = false;
                source?.close();
              }
            } catch {
              isWanted = true;
              wait = Math.min(longest, wait * 2);
            }
            isLoading = false;
            last = Date.now();
            if (isWanted) ask();
          };

          const open = () => {
            source = new EventSource(stream);
            source.onopen = () => { if (pulse) { pulse.hidden = false; pulse.textContent = "live"; } };
            source.onmessage = ask;
            for (const name of ["change", "overview", "partitions", "skipped", "reset"]) source.addEventListener(name, ask);
            source.onerror = () => { if (pulse) pulse.textContent = "connecting again"; };
          };
          // A page that nobody sees needs no connection.
          document.addEventListener("visibilitychange", () => {
            if (document.hidden) {
              source?.close();
              source = null;
            } else if (!source && isLive) {
              open();
              ask();
            }
          });
          addEventListener("pagehide", () => source?.close());
          if (!document.hidden) open();
        })();

        """#
}
