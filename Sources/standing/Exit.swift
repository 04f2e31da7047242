import ArgumentParser
import Events

/// The command line's exit codes, the same everywhere.
enum Exit {
    static let failed = ExitCode(1)
    static let usage = ExitCode(2)
    static let corruption = ExitCode(3)
    static let limitExceeded = ExitCode(4)
}

/// Messages for people: standard error, a line each. What would steer a terminal is escaped.
func printMessage(_ message: String) {
    StandardError.write(Array((ProgressLine.clearing + message.printable(keepingLayout: true) + "\n").utf8))
}

/// Ends the command with `message` on standard error.
func fail(_ message: String, _ code: ExitCode = Exit.failed) -> ExitCode {
    printMessage(message)
    return code
}
