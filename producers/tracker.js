// The browser tracker: docs/tracking.md.
// An event stays queued, and the queue in localStorage, until the collector has answered for it. So it may be sent more
// than once, always under one messageId, and counts once.
(function (w, d, n) {
	"use strict";
	var script = d.currentScript,
		option = script.dataset,
		url = (option.endpoint || new URL(script.src).origin) + "/v1/batch",
		wait = +option.flushMs || 1000,
		size = +option.batchSize || 20,
		backoff = +option.backoffMs || 1000,
		MAX_BACKOFF = 6e4,
		MAX_QUEUE = 500, // events; the oldest give way
		MAX_BEACON = 2e4, // characters: browsers send 64 kB of a page that goes
		SESSION = 18e5,
		muted = "respectDnt" in option && n.doNotTrack == "1",
		memory = {},
		mine = "queue." + id(),
		queue = [],
		failures = 0,
		due = 0,
		busy,
		timer;

	function load(key) {
		try {
			return JSON.parse(w.localStorage.getItem("shop." + key));
		} catch (e) {
			return memory[key];
		}
	}

	function save(key, value) {
		memory[key] = value;
		try {
			w.localStorage.setItem("shop." + key, JSON.stringify(value));
		} catch (e) {} // private mode, or full
		return value;
	}

	function id() {
		var c = w.crypto;
		return c.randomUUID ? c.randomUUID() : Array.from(c.getRandomValues(new Uint32Array(4))).join("-");
	}

	// Takes over what earlier pages left; one in another tab has its own in memory.
	function adopt() {
		try {
			Object.keys(w.localStorage).forEach(function (key) {
				if (key.indexOf("shop.queue.")) return;
				queue = queue.concat(load(key.slice(5)) || []);
				w.localStorage.removeItem(key);
			});
		} catch (e) {}
		keep(queue);
	}

	function keep(events) {
		queue = save(mine, events.slice(-MAX_QUEUE));
	}

	function session(now) {
		var last = load("session");
		if (!last || now - last.seen > SESSION) last = { id: id() };
		last.seen = now;
		return save("session", last).id;
	}

	function add(type, fields) {
		if (muted) return;
		var now = Date.now(),
			event = {
				type: type,
				messageId: id(),
				anonymousId: load("anonymous") || save("anonymous", id()),
				timestamp: new Date(now).toISOString(),
				context: {
					library: { name: "tracker.js", version: "1" },
					page: { url: w.location.href, title: d.title, referrer: d.referrer },
					campaign: { medium: new URLSearchParams(w.location.search).get("utm_medium") },
					locale: n.language,
					sessionId: session(now),
				},
			},
			user = load("user");
		if (user) event.userId = user;
		keep(queue.concat(Object.assign(event, fields)));
		plan(queue.length < size ? wait : 0);
		return event.messageId;
	}

	function plan(ms) {
		var at = Date.now() + ms;
		if (busy || failures || (timer && due <= at)) return;
		due = at;
		later(ms);
	}

	function later(ms) {
		clearTimeout(timer);
		timer = setTimeout(flush, ms);
	}

	function body(events) {
		return JSON.stringify({ writeKey: option.writeKey, sentAt: new Date().toISOString(), batch: events });
	}

	function flush() {
		timer = 0;
		if (busy || !queue.length) return;
		var batch = (busy = queue.slice(0, size));
		// As text/plain, a request to another origin needs no preflight.
		w.fetch(url, { method: "POST", body: body(batch), headers: { "Content-Type": "text/plain" } }).then(
			function (answer) {
				var status = answer.status;
				if (status > 499 || status == 429 || status == 408) return again(answer.headers.get("Retry-After"));
				// It may be for one event's sake.
				if ((status == 413 || status == 400) && batch[1]) size = batch.length >> 1;
				else
					keep(
						queue.filter(function (event) {
							return batch.indexOf(event) < 0;
						})
					);
				busy = failures = 0;
				if (queue.length) plan(0);
			},
			again
		);
	}

	function again(seconds) {
		var pause = Math.min(MAX_BACKOFF, backoff * Math.pow(2, failures++)) * (0.5 + Math.random() / 2);
		busy = 0;
		later(Math.max(pause, seconds * 1000 || 0));
	}

	// The queue goes with the page, and stays in localStorage, as nobody sees the answer.
	function leave() {
		for (var rest = queue, part; rest.length; rest = rest.slice(part.length)) {
			part = rest.slice(0, size);
			while (part[1] && body(part).length > MAX_BEACON) part = part.slice(0, part.length >> 1);
			if (!n.sendBeacon(url, body(part))) return;
		}
	}

	w.addEventListener("pagehide", leave);
	d.addEventListener("visibilitychange", function () {
		if (d.visibilityState == "hidden") leave();
	});

	w.shop = {
		track: function (event, properties) {
			return add("track", { event: event, properties: properties });
		},
		page: function (properties) {
			return add("page", { properties: properties });
		},
		identify: function (user, traits) {
			if (!muted) save("user", user);
			return add("identify", { traits: traits });
		},
		// After a sign-out: who comes next is another visitor.
		reset: function () {
			["user", "anonymous", "session"].forEach(function (key) {
				save(key, null);
			});
		},
	};
	if (!muted) adopt();
	if (queue.length) plan(0);
})(window, document, navigator);
