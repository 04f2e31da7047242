/// The caller of a request, as far as it is proven.
public struct Caller: Hashable, Sendable {
    /// A user's name, the `sub` of a token, or `loopback` if nothing is configured. It is never empty.
    public let name: String
    public let roles: Set<Role>
    /// The caller's own subject, if the caller has the role `subject`.
    public let subject: [UInt8]?

    public init(name: String, roles: Set<Role>, subject: [UInt8]? = nil) {
        (self.name, self.roles, self.subject) = (name, roles, subject)
    }

    /// Whether the caller has the permission for `subject`; nil if the request is not about one subject.
    public func may(_ permission: Permission, to subject: [UInt8]? = nil) -> Bool {
        let wanted = permission.roles
        if !wanted.intersection(roles).subtracting([.subject]).isEmpty { return true }
        guard wanted.contains(.subject), roles.contains(.subject), let own = self.subject else { return false }
        return own == subject
    }
}
