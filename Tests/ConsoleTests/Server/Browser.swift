import Foundation

/// Debian's Chromium without a window, driven by the DevTools protocol over two pipes: messages of JSON that end in a zero byte. A
/// request of its page is answered here or goes to the origin, and to no other host. `CommandTests` has this file too.
actor Browser {
    struct Request: Sendable {
        var method: String
        /// The path and the query.
        var target: String
        var fields: [String: String]
        var body: String
    }

    struct Answer: Sendable {
        var status: Int
        var fields: [(name: String, value: String)]
        var body: String
    }

    struct Failure: Error {
        let text: String
    }

    static let path = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
    /// Trusted like one with TLS. Nothing connects to the port.
    static let nowhere = "http://localhost:9"

    /// For a page. It only ends a failing test.
    private static let patience = Duration.seconds(60)

    /// Dialogs, errors, and requests to other hosts.
    private(set) var findings: [String] = []

    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private let folder: URL
    private let origin: String
    private let answer: @Sendable (Request) async throws -> Answer?
    private var session = ""
    private var number = 0
    private var waiting: [Int: CheckedContinuation<Data, any Error>] = [:]
    private var loads = 0

    /// `answer`: nil lets the request go to the origin.
    init(
        origin: String = nowhere, answer: @escaping @Sendable (Request) async throws -> Answer? = { _ in nil }
    ) async throws {
        guard let path = Self.path else { throw Failure(text: "Chromium is not installed") }
        (self.origin, self.answer) = (origin, answer)
        folder = FileManager.default.temporaryDirectory.appending(path: "standing-browser-\(UUID().uuidString)")
        let flags = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe",
            "--no-first-run", "--user-data-dir=\(folder.path)", "about:blank",
        ]
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
            "-c", "exec \(path) \(flags.joined(separator: " ")) 3<&0 4>&1 </dev/null >/dev/null 2>&1",
        ]
        (process.standardInput, process.standardOutput) = (input, output)
        // A browser that has ended must not end the tests.
        signal(SIGPIPE, SIG_IGN)
        try process.run()
        let (messages, more) = AsyncStream.makeStream(of: Data.self)
        let reading = output.fileHandleForReading
        Thread.detachNewThread {
            var rest = Data()
            while case let part = reading.availableData, !part.isEmpty {
                rest.append(part)
                while let end = rest.firstIndex(of: 0) {
                    more.yield(Data(rest[rest.startIndex..<end]))
                    rest = Data(rest[(end + 1)...])
                }
            }
            more.finish()
        }
        Task {
            for await message in messages { self.receive(message) }
            self.end()
        }
        let target = try await call("Target.createTarget", ["url": "about:blank"])
        let id = try Self.text(target, "targetId")
        session = try Self.text(
            try await call("Target.attachToTarget", ["targetId": id, "flatten": true]), "sessionId")
        for domain in ["Page", "Runtime", "Log"] { _ = try await call("\(domain).enable") }
        _ = try await call("Fetch.enable", ["patterns": [["urlPattern": "*"]]])
    }

    func close() {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    // MARK: What a person does

    func open(_ target: String) async throws {
        let before = loads
        _ = try await call("Page.navigate", ["url": origin + target])
        try await loaded(after: before)
    }

    /// Clicks the link or button with the words, and waits for the page that it leads to.
    func click(_ words: String) async throws {
        let before = loads
        let isFound = try await evaluate(
            """
            (() => { const all = [...document.querySelectorAll("a, button, summary, label")];
            const found = all.find((e) => e.checkVisibility() && e.textContent.trim().startsWith(\(Self.quoted(words))));
            found?.click(); return !!found; })()
            """)
        guard isFound == "true" else { throw Failure(text: "nothing is called \(words) here: \(try await text.prefix(500))") }
        try await loaded(after: before)
    }

    /// Writes into the field with the label.
    func fill(_ label: String, _ text: String) async throws {
        let isFound = try await evaluate(
            """
            (() => { const label = [...document.querySelectorAll("label")].find((e) => e.textContent.trim() === \(Self.quoted(label)));
            const field = label && document.getElementById(label.htmlFor);
            if (field) field.value = \(Self.quoted(text)); return !!field; })()
            """)
        guard isFound == "true" else { throw Failure(text: "no field is called \(label)") }
    }

    /// Chooses without leaving the page.
    func choose(_ words: String) async throws {
        let isFound = try await evaluate(
            """
            (() => { const found = [...document.querySelectorAll("label")].find((e) => e.textContent.trim().startsWith(\(Self.quoted(words))));
            found?.click(); return !!found; })()
            """)
        guard isFound == "true" else { throw Failure(text: "nothing to choose is called \(words)") }
    }

    func press(_ key: String, code: Int) async throws {
        for type in ["keyDown", "keyUp"] {
            _ = try await call(
                "Input.dispatchKeyEvent",
                ["type": type, "key": key, "code": key, "windowsVirtualKeyCode": code, "nativeVirtualKeyCode": code])
        }
    }

    func show(width: Int, height: Int = 900, isDark: Bool = false) async throws {
        _ = try await call(
            "Emulation.setDeviceMetricsOverride",
            ["width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500])
        let scheme = ["name": "prefers-color-scheme", "value": isDark ? "dark" : "light"]
        _ = try await call("Emulation.setEmulatedMedia", ["features": [scheme]])
    }

    func allowScripts(_ isAllowed: Bool) async throws {
        _ = try await call("Emulation.setScriptExecutionDisabled", ["value": !isAllowed])
    }

    func forgetFindings() { findings = [] }

    // MARK: What a person sees

    /// The value of an expression as JSON; promises are waited for.
    func evaluate(_ expression: String) async throws -> String {
        let wrapped = "(async () => JSON.stringify(await (\(expression))) ?? \"null\")()"
        let result = try await call(
            "Runtime.evaluate", ["expression": wrapped, "awaitPromise": true, "returnByValue": true])
        guard let value = (Self.object(result)["result"] as? [String: Any])?["value"] as? String else {
            throw Failure(text: String(decoding: result, as: UTF8.self))
        }
        return value
    }

    var text: String {
        get async throws { try await evaluate("document.body.innerText") }
    }

    func picture() async throws -> Data {
        let result = try await call("Page.captureScreenshot", ["format": "png", "captureBeyondViewport": true])
        return Data(base64Encoded: try Self.text(result, "data")) ?? Data()
    }

    // MARK: The protocol

    private static func object(_ data: Data) -> [String: Any] {
        (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] ?? [:]
    }

    private static func text(_ data: Data, _ name: String) throws -> String {
        guard let value = object(data)[name] as? String else { throw Failure(text: "no \(name)") }
        return value
    }

    private static func quoted(_ text: String) -> String {
        let data = (try? JSONSerialization.data(withJSONObject: [text])) ?? Data()
        return String(String(decoding: data, as: UTF8.self).dropFirst().dropLast())
    }

    private func call(_ method: String, _ parameters: [String: Any] = [:]) async throws -> Data {
        guard process.isRunning else { throw Failure(text: "Chromium has ended") }
        let sent = send(method, parameters)
        return try await withCheckedThrowingContinuation { waiting[sent] = $0 }
    }

    @discardableResult
    private func send(_ method: String, _ parameters: [String: Any]) -> Int {
        number += 1
        var message: [String: Any] = ["id": number, "method": method, "params": parameters]
        if !session.isEmpty { message["sessionId"] = session }
        guard let data = try? JSONSerialization.data(withJSONObject: message) else { return number }
        guard process.isRunning else { return number }
        try? input.fileHandleForWriting.write(contentsOf: data + [0])
        return number
    }

    /// Nobody waits for a browser that has ended.
    private func end() {
        for continuation in waiting.values { continuation.resume(throwing: Failure(text: "Chromium has ended")) }
        waiting = [:]
    }

    private func loaded(after before: Int) async throws {
        let end = ContinuousClock.now + Self.patience
        while loads <= before {
            guard ContinuousClock.now < end else { throw Failure(text: "no page was loaded within \(Self.patience)") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private func receive(_ data: Data) {
        let message = Self.object(data)
        if let id = message["id"] as? Int, let continuation = waiting.removeValue(forKey: id) {
            if let error = message["error"] {
                continuation.resume(throwing: Failure(text: "\(error)"))
            } else {
                let result = message["result"] ?? [String: Any]()
                continuation.resume(returning: (try? JSONSerialization.data(withJSONObject: result)) ?? Data())
            }
            return
        }
        let parameters = message["params"] as? [String: Any] ?? [:]
        switch message["method"] as? String {
        case "Page.loadEventFired": loads += 1
        case "Page.javascriptDialogOpening":
            findings.append("dialog: \(parameters["message"] ?? "")")
            send("Page.handleJavaScriptDialog", ["accept": true])
        case "Runtime.exceptionThrown": findings.append("exception: \(parameters)")
        case "Log.entryAdded":
            let text = (parameters["entry"] as? [String: Any])?["text"] as? String ?? ""
            // A page that is refused is a failed load to the browser. The stream's route is not the console's.
            if !text.hasPrefix("Failed to load resource") && !text.contains("EventSource") {
                findings.append("log: \(text)")
            }
        case "Fetch.requestPaused": fulfil(parameters)
        default: break
        }
    }

    private func fulfil(_ parameters: [String: Any]) {
        guard let id = parameters["requestId"] as? String, let request = parameters["request"] as? [String: Any],
            let address = request["url"] as? String
        else { return }
        guard address.hasPrefix(origin + "/") else {
            if !address.hasPrefix("data:") { findings.append("a request to \(address)") }
            send("Fetch.failRequest", ["requestId": id, "errorReason": "Failed"])
            return
        }
        var target = String(address.dropFirst(origin.count))
        if let mark = target.firstIndex(of: "#") { target = String(target[..<mark]) }
        let asked = Request(
            method: request["method"] as? String ?? "GET", target: target,
            fields: request["headers"] as? [String: String] ?? [:], body: request["postData"] as? String ?? "")
        Task {
            let answer: Answer
            do {
                guard let own = try await self.answer(asked) else {
                    self.send("Fetch.continueRequest", ["requestId": id])
                    return
                }
                answer = own
            } catch { answer = Answer(status: 500, fields: [], body: "") }
            self.send(
                "Fetch.fulfillRequest",
                [
                    "requestId": id, "responseCode": answer.status,
                    "responseHeaders": answer.fields.map { ["name": $0.name, "value": $0.value] },
                    "body": Data(answer.body.utf8).base64EncodedString(),
                ])
        }
    }
}
