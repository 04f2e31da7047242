public import Hummingbird
internal import HTTPTypes
internal import NIOCore

extension Response {
    /// A body in parts. Each part is made after the client has taken the one before, so that a long body is never in
    /// memory as a whole.
    public static func chunks(
        _ chunks: some Sequence<[UInt8]> & Sendable, contentType: String
    ) -> Response {
        Response(
            status: .ok, headers: [.contentType: contentType],
            body: ResponseBody { writer in
                var pending = ByteBuffer()
                for chunk in chunks {
                    pending.writeBytes(chunk)
                    guard pending.readableBytes >= minimumChunkBytes else { continue }
                    try await writer.write(pending)
                    pending = ByteBuffer()
                }
                if pending.readableBytes > 0 { try await writer.write(pending) }
                try await writer.finish(nil)
            })
    }

    /// A smaller part is not sent alone.
    private static let minimumChunkBytes = 32 << 10

    /// HTML that loads only the style sheet of the same server, and runs no script.
    public static func page(_ html: [UInt8], status: HTTPResponse.Status = .ok) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = "text/html; charset=utf-8"
        headers[.contentSecurityPolicy] =
            "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        headers[.xContentTypeOptions] = "nosniff"
        headers[HTTPField.Name("referrer-policy")!] = "no-referrer"
        headers[.cacheControl] = "no-store"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: html)))
    }
}
