/// Who may send what arrives in a queue.
///
/// The broker vouches for the user of a copy. A message that failed comes back published by the service itself, a message
/// redriven from a dead queue by the operators' tool; only these two are believed when they say who sent it first.
public struct SenderRule: Sendable, Hashable {
    /// The users messages of this queue come from.
    public var allowed: Set<String>
    /// The users who publish again what others sent: the service itself and the operators' tool.
    public var relays: Set<String>

    public init(allowed: Set<String>, relays: Set<String>) {
        self.allowed = allowed
        self.relays = relays
    }

    /// Who sent it first, as far as it can be believed.
    public func sender(of envelope: Envelope) -> String? {
        guard let user = envelope.userID else { return nil }
        if relays.contains(user), let sender = envelope.sender { return sender }
        return user
    }

    public func allows(_ envelope: Envelope) -> Bool {
        sender(of: envelope).map(allowed.contains) ?? false
    }
}
