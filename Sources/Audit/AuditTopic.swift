/// The topic of what people did and saw.
public enum AuditTopic {
    public static let name = "standing.audit"
}
