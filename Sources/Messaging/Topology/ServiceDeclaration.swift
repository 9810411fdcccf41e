/// What one service sends and receives. The topology, its users and its rights follow from all of these together.
public struct ServiceDeclaration: Sendable, Hashable {
    public var name: String
    /// Whether commands are sent to it.
    public var takesCommands: Bool
    /// Whether replies come back to it, as to the orchestrator.
    public var takesReplies: Bool
    /// Whether it sends commands to others, as the orchestrator does.
    public var sendsCommands: Bool
    /// The events it wants to hear of.
    public var subscriptions: [MessageType]
    /// The events it publishes.
    public var events: [MessageType]
    /// The waits of its failing messages, unless a queue has its own.
    public var ladder: RetryLadder
    /// Ladders of single queues, by the queue's name.
    public var queueLadders: [String: RetryLadder]

    public init(
        name: String, takesCommands: Bool = true, takesReplies: Bool = false, sendsCommands: Bool = false,
        subscriptions: [MessageType] = [], events: [MessageType] = [], ladder: RetryLadder = .standard,
        queueLadders: [String: RetryLadder] = [:]
    ) {
        self.name = name
        self.takesCommands = takesCommands
        self.takesReplies = takesReplies
        self.sendsCommands = sendsCommands
        self.subscriptions = subscriptions
        self.events = events
        self.ladder = ladder
        self.queueLadders = queueLadders
    }

    /// The orchestrator: sends commands, takes replies, and the operators' orders as commands.
    public static func orchestrator(
        subscriptions: [MessageType], events: [MessageType] = [], ladder: RetryLadder = .standard
    ) -> ServiceDeclaration {
        ServiceDeclaration(
            name: TopologyNames.orchestrator, takesReplies: true, sendsCommands: true, subscriptions: subscriptions,
            events: events, ladder: ladder)
    }

    /// The queues it works on.
    public var queues: [String] {
        var queues: [String] = []
        if takesCommands { queues.append(TopologyNames.commandQueue(of: name)) }
        if TopologyNames.hasControlQueue(name) { queues.append(TopologyNames.controlQueue(of: name)) }
        if takesReplies { queues.append(TopologyNames.replyQueue(of: name)) }
        if !subscriptions.isEmpty { queues.append(TopologyNames.eventQueue(of: name)) }
        return queues
    }

    /// What a service is told about itself has one chance: whoever told it looks whether it was taken.
    public func ladder(of queue: String) -> RetryLadder {
        queueLadders[queue] ?? (queue == TopologyNames.controlQueue(of: name) ? .none : ladder)
    }
}
