public import ArgumentParser
internal import Events

/// The command line's exit codes, the same everywhere.
public enum Exit {
    public static let failed = ExitCode(1)
    public static let usage = ExitCode(2)
    public static let corruption = ExitCode(3)
    public static let limitExceeded = ExitCode(4)
}

/// Messages for people: standard error, a line each. What would steer a terminal is escaped.
public func printMessage(_ message: String) {
    StandardError.write(Array((ProgressLine.clearing + message.printable(keepingLayout: true) + "\n").utf8))
}

/// Ends the command with `message` on standard error.
public func fail(_ message: String, _ code: ExitCode = Exit.failed) -> ExitCode {
    printMessage(message)
    return code
}
