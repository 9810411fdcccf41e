import Glibc
import Messaging
import Testing

/// An example of the wire contract, as it stands in `Tests/Fixtures/messages` for the tests of every language.
struct MessageFixture: Decodable {
    let name: String
    let exchange: String
    let routingKey: String
    let properties: JSONValue
    let headers: JSONValue
    let body: String
    /// The payload of the content header frame, in hexadecimal.
    let contentHeader: String
    let bodyBytes: String

    static let names = ["command", "reply", "event", "retried-command"]

    init(named name: String) throws {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let bytes = try #require(Self.bytes(of: "/\(folder)/Fixtures/messages/\(name).json"))
        self = try JSON.decode(MessageFixture.self, from: bytes)
    }

    var kind: Envelope.Kind {
        switch name {
        case "reply": .reply
        case "event": .event
        default: .command
        }
    }

    var message: WireMessage {
        var properties = MessageProperties()
        func text(_ name: String) -> String? {
            if case .string(let text) = self.properties[name] { text } else { nil }
        }
        properties.contentType = text("content-type")
        properties.correlationID = text("correlation-id")
        properties.replyTo = text("reply-to")
        properties.messageID = text("message-id")
        properties.type = text("type")
        properties.userID = text("user-id")
        properties.appID = text("app-id")
        if case .integer(let seconds) = self.properties["timestamp"] { properties.timestamp = seconds }
        properties.isPersistent = self.properties["delivery-mode"] == .integer(2)
        return WireMessage(properties: properties, headers: messageHeaders, body: Array(body.utf8))
    }

    private var messageHeaders: MessageHeaders {
        guard case .object(let fields) = headers else { return [:] }
        return MessageHeaders(
            fields.map { field in
                switch field.value {
                case .string(let text): MessageHeaders.Header(field.name, .string(text))
                case .integer(let number): MessageHeaders.Header(field.name, .integer(number))
                default: MessageHeaders.Header(field.name, .null)
                }
            })
    }

    static func bytes(of path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = read(descriptor, &bytes, bytes.count)
        return count < 0 ? nil : Array(bytes[..<count])
    }
}
