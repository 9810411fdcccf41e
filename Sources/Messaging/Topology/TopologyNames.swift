/// The names of exchanges, queues and keys, in one place.
public enum TopologyNames {
    /// Direct; the key is the participant.
    public static let commands = "skald.commands"
    /// Direct; the key is what `reply-to` says.
    public static let replies = "skald.replies"
    /// Topic; the key is the type of the event.
    public static let events = "skald.events"
    /// Direct; the key is the queue the message was in.
    public static let dead = "skald.dead"
    /// The user of the operators' tool.
    public static let tool = "skald"
    /// The user and the service that runs sagas.
    public static let orchestrator = "orchestrator"

    public static func commandQueue(of service: String) -> String { "\(service).commands" }
    /// Where a service hears what it is to hold back, also while it holds everything back. The orchestrator hears it among its
    /// commands, which come from operators only.
    public static func controlQueue(of service: String) -> String { "\(service).control" }
    public static func hasControlQueue(_ service: String) -> Bool { service != orchestrator }
    public static func replyQueue(of service: String) -> String { "\(service).replies" }
    public static func eventQueue(of service: String) -> String { "\(service).events" }

    /// Direct; the key is the queue the message goes back to.
    public static func retryExchange(of service: String, _ level: RetryLadder.Level) -> String {
        "\(service).retry.\(level.name)"
    }

    public static func retryQueue(of queue: String, _ level: RetryLadder.Level) -> String {
        "\(queue).retry.\(level.name)"
    }

    public static func deadQueue(of queue: String) -> String { "\(queue).dead" }

    /// Whether a text can be the name of a service: `a-z 0-9 -`, a letter first, at most 64 bytes, not `skald` or `amq`.
    public static func isServiceName(_ text: String) -> Bool {
        guard let first = text.utf8.first, (0x61...0x7A).contains(first), text.utf8.count <= 64 else { return false }
        guard text != tool, text != "amq" else { return false }
        return text.utf8.last != UInt8(ascii: "-")
            && text.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-")
            }
    }
}
