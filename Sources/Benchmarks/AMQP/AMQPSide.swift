/// The ways to do the same work that are compared.
enum AMQPSide: String, CaseIterable {
    case plain = "plain_c"
    case best = "best_c"

    /// The C loop of this side.
    var loop: BaselineLoop {
        switch self {
        case .plain: .plain
        case .best: .best
        }
    }

    /// What is equal on all sides comes first, then what makes this side.
    var configuration: KeyValuePairs<String, String> {
        [
            "queue": "quorum, durable", "body": "512 B", "delivery": "persistent, mandatory, message-id",
            "confirms": "every publish", "acks": "multiple, every 32 (prefetch 1: each)", "tls": "off", "loop": method,
        ]
    }

    private var method: String {
        switch self {
        case .plain: "amqp_basic_publish, amqp_consume_message"
        case .best: "own socket, librabbitmq as codec, one send per batch"
        }
    }
}
