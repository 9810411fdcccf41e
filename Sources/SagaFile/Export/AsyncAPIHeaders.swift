import SagaModel

/// The headers that every message carries, by its role.
enum AsyncAPIHeaders {
    static var schemas: [(String, Value)] {
        [
            ("CommandHeaders", object(cloudEvents + turn)),
            (
                "ReplyHeaders",
                object(cloudEvents + turn + [("cloudEvents_causationid", "The id of the command answered.")])
            ),
            ("EventHeaders", object(cloudEvents)), ("OrderHeaders", object(cloudEvents)),
        ]
    }

    private static let cloudEvents = [
        ("cloudEvents_specversion", "`1.0`."), ("cloudEvents_id", "A UUIDv7, the same as `message-id`."),
        ("cloudEvents_source", "Who sent it."), ("cloudEvents_type", "The type, the same as `type`."),
        ("traceparent", "The trace, as W3C Trace Context spells it."),
    ]

    private static let turn = [
        ("skald-step", "The step of the saga; a reply repeats it."), ("skald-direction", "`do` or `undo`."),
        ("skald-try", "The attempt of the step; a re-send keeps it."),
    ]

    private static func object(_ headers: [(String, String)]) -> Value {
        let properties = headers.map { name, about in
            Record.Member(
                name: name,
                value: .record([
                    "type": name == "skald-try" ? "integer" : "string", "description": .string(about),
                ]))
        }
        let required = headers.map(\.0).filter { $0 != "traceparent" }
        return .record([
            "type": "object", "properties": .record(Record(properties)),
            "required": .list(required.map { .string($0) }),
        ])
    }
}
