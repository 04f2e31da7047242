import Logging
import Pipeline

extension StartCheck {
    /// Undeclared sources are read too.
    static func warnOfUndeclaredSources(_ configuration: PipelineConfiguration, _ logger: Logger) {
        let undeclared = configuration.topics.undeclared
        guard configuration.roles.contains(.intake), !undeclared.isEmpty else { return }
        logger.warning(
            """
            these source topics declare nothing: whoever may write there may use any source that no other topic declares, and so \
            repeat or hide events of another undeclared topic
            """,
            metadata: ["topics": "\(undeclared.joined(separator: ","))"])
    }
}
