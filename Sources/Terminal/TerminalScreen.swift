public import Foundation

/// The terminal of this process: a picture that is repainted, and its keys. It is used by one thread.
public final class TerminalScreen {
    private static let endKeys = [UInt8(ascii: "q"), UInt8(ascii: "Q")]
    /// The size of a terminal that does not report its size.
    private static let usualSize = (columns: 80, rows: 24)

    /// Whether keys are read at once and without echo.
    public let readsKeys: Bool
    private let hasColour: Bool
    /// The terminal's settings before keys were read.
    private var before: termios
    private var painted = (columns: 0, rows: 0)
    private var lastRow = 0

    /// Nil if the output is a file, a pipe, or a terminal that cannot position text. `wantsKeys`: whether keys are
    /// read.
    public init?(wantsKeys: Bool, environment: [String: String] = ProcessInfo.processInfo.environment) {
        guard isatty(STDOUT_FILENO) == 1, let kind = environment["TERM"], !kind.isEmpty, kind != "dumb" else {
            return nil
        }
        hasColour = environment["NO_COLOR"]?.isEmpty ?? true
        var found = termios()
        var isOurs = false
        // In the background the terminal's keys belong to another process, and reading them would stop this one.
        if wantsKeys, isatty(STDIN_FILENO) == 1, tcgetpgrp(STDIN_FILENO) == getpgrp(),
            tcgetattr(STDIN_FILENO, &found) == 0
        {
            var mode = found
            mode.c_lflag &= ~tcflag_t(ICANON | ECHO)
            isOurs = tcsetattr(STDIN_FILENO, TCSANOW, &mode) == 0
        }
        (before, readsKeys) = (found, isOurs)
    }

    private var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return Self.usualSize
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Paints each line at its position, so that nothing scrolls. The size is read each time, because it may have
    /// changed. `draw`: at most `rows` lines of at most `columns` cells.
    public func paint(_ draw: (_ columns: Int, _ rows: Int, _ colour: Bool) -> [String]) {
        let (columns, rows) = size
        let lines = draw(columns, rows, hasColour)
        // After a change of the size, the terminal's contents are undefined and are erased.
        var text = painted == (columns, rows) ? "" : "\u{1B}[2J"
        painted = (columns, rows)
        lastRow = lines.count
        // Without wrapping at the edge, because the terminal may have another width for a character. A terminal with
        // synchronized output shows everything at once.
        text += "\u{1B}[?2026h\u{1B}[?7l"
        for (row, line) in lines.enumerated() { text += "\u{1B}[\(row + 1);1H\u{1B}[2K" + line }
        if lines.count < rows { text += "\u{1B}[\(lines.count + 1);1H\u{1B}[J" }
        text += "\u{1B}[?7h\u{1B}[\(rows);1H\u{1B}[?2026l"
        print(text, terminator: "")
        fflush(nil)
    }

    /// Waits for this time. Returns true, and earlier, if the user presses q.
    public func isEnded(within seconds: Double) -> Bool {
        let end = ContinuousClock.now + .seconds(seconds)
        while true {
            let left = (end - ContinuousClock.now) / .milliseconds(1)
            guard left > 0 else { return false }
            guard readsKeys else {
                Thread.sleep(forTimeInterval: left / 1000)
                return false
            }
            var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            guard poll(&input, 1, Int32(left.rounded(.up))) > 0 else { continue }
            var key: UInt8 = 0
            guard read(STDIN_FILENO, &key, 1) == 1 else {
                // The terminal is closed.
                Thread.sleep(forTimeInterval: left / 1000)
                return false
            }
            if Self.endKeys.contains(key) { return true }
        }
    }

    /// Leaves the last picture, with the cursor below it, and restores the terminal's settings.
    public func close() {
        if lastRow > 0 {
            let below = lastRow < painted.rows ? "\u{1B}[\(lastRow + 1);1H\u{1B}[J" : "\u{1B}[\(lastRow);1H\n"
            print(below, terminator: "")
            fflush(nil)
        }
        if readsKeys { tcsetattr(STDIN_FILENO, TCSANOW, &before) }
    }
}
