public import ArgumentParser
internal import Events

/// The exit codes of the command line, the same for all commands.
public enum Exit {
    public static let failed = ExitCode(1)
    public static let usage = ExitCode(2)
    public static let corruption = ExitCode(3)
    public static let limitExceeded = ExitCode(4)
}

/// Prints a message for people: one line on standard error. Control characters are escaped.
public func printMessage(_ message: String) {
    StandardError.write(Array((ProgressLine.clearing + message.printable(keepingLayout: true) + "\n").utf8))
}

/// Prints `message` on standard error. Returns the code with which the command ends.
public func fail(_ message: String, _ code: ExitCode = Exit.failed) -> ExitCode {
    printMessage(message)
    return code
}
