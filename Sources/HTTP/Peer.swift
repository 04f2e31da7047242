public import Hummingbird
internal import NIOCore

/// The other end of a request's connection.
public struct Peer: InitializableFromSource {
    /// An IP address without the port; empty if it is not known.
    var address: String { socket?.ipAddress ?? "" }
    /// True if the connection comes from this machine's loopback interface.
    let isLoopback: Bool
    private let socket: SocketAddress?

    public init(source: ApplicationRequestContextSource) { self.init(source.channel.remoteAddress) }

    init(_ socket: SocketAddress?) {
        self.socket = socket
        isLoopback = socket?.ipAddress.map { $0 == "127.0.0.1" || HTTPAddress.reach(of: $0) == .loopback } ?? false
    }
}
