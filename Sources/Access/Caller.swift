/// Who makes a request, as far as it is proven.
public struct Caller: Hashable, Sendable {
    /// A user's name, the `sub` of a token, or `loopback` where nothing is configured. Never empty.
    public let name: String
    public let roles: Set<Role>
    /// The subject that a caller with the role `subject` is.
    public let subject: [UInt8]?

    public init(name: String, roles: Set<Role>, subject: [UInt8]? = nil) {
        (self.name, self.roles, self.subject) = (name, roles, subject)
    }

    /// Whether the caller may do it to `subject`; nil where the request is not about one subject.
    public func may(_ permission: Permission, to subject: [UInt8]? = nil) -> Bool {
        let wanted = permission.roles
        if !wanted.intersection(roles).subtracting([.subject]).isEmpty { return true }
        guard wanted.contains(.subject), roles.contains(.subject), let own = self.subject else { return false }
        return own == subject
    }
}
