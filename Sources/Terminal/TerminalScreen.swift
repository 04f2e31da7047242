public import Foundation

/// The terminal of this process: a picture on it that is painted over, and its keys. One thread uses it.
public final class TerminalScreen {
    private static let endKeys = [UInt8(ascii: "q"), UInt8(ascii: "Q")]
    /// Of a terminal that does not say how large it is.
    private static let usualSize = (columns: 80, rows: 24)

    /// Whether the terminal's keys come here, at once and unseen.
    public let readsKeys: Bool
    private let hasColour: Bool
    /// How the terminal was before it was told to give its keys at once.
    private var before: termios
    private var painted = (columns: 0, rows: 0)
    private var lastRow = 0

    /// Nil where there is nothing to paint on: a file, a pipe, or a terminal that cannot place text. `wantsKeys`: else its keys
    /// stay whose they are.
    public init?(wantsKeys: Bool, environment: [String: String] = ProcessInfo.processInfo.environment) {
        guard isatty(STDOUT_FILENO) == 1, let kind = environment["TERM"], !kind.isEmpty, kind != "dumb" else {
            return nil
        }
        hasColour = environment["NO_COLOR"]?.isEmpty ?? true
        var found = termios()
        var isOurs = false
        // In the background the terminal's keys are somebody else's, and to ask for them stops the process.
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

    /// Paints each line in its place, so that nothing scrolls. The size is asked for each time: it may have changed. `draw`: at
    /// most `rows` lines of at most `columns` cells.
    public func paint(_ draw: (_ columns: Int, _ rows: Int, _ colour: Bool) -> [String]) {
        let (columns, rows) = size
        let lines = draw(columns, rows, hasColour)
        // What a terminal makes of its contents when its size changes is its own affair: away with it.
        var text = painted == (columns, rows) ? "" : "\u{1B}[2J"
        painted = (columns, rows)
        lastRow = lines.count
        // Without wrapping at the edge, whatever the terminal takes a character's width for.
        // A terminal that can shows all of it at once.
        text += "\u{1B}[?2026h\u{1B}[?7l"
        for (row, line) in lines.enumerated() { text += "\u{1B}[\(row + 1);1H\u{1B}[2K" + line }
        if lines.count < rows { text += "\u{1B}[\(lines.count + 1);1H\u{1B}[J" }
        text += "\u{1B}[?7h\u{1B}[\(rows);1H\u{1B}[?2026l"
        print(text, terminator: "")
        fflush(nil)
    }

    /// Waits so long; true, and earlier, if somebody presses q.
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
                // Nobody is there any more.
                Thread.sleep(forTimeInterval: left / 1000)
                return false
            }
            if Self.endKeys.contains(key) { return true }
        }
    }

    /// Leaves the last picture, with the cursor below it, and the terminal as it was.
    public func close() {
        if lastRow > 0 {
            let below = lastRow < painted.rows ? "\u{1B}[\(lastRow + 1);1H\u{1B}[J" : "\u{1B}[\(lastRow);1H\n"
            print(below, terminator: "")
            fflush(nil)
        }
        if readsKeys { tcsetattr(STDIN_FILENO, TCSANOW, &before) }
    }
}
