/// How fast the simulated kitchen is; nil for one that does nothing by itself.
struct KitchenPace: Sendable, Hashable {
    var accept: Duration
    var prepare: Duration
    var finish: Duration
    var handOver: Duration

    /// How long the kitchen takes until a move.
    func delay(before move: Ticket.Move) -> Duration {
        switch move {
        case .accept: accept
        case .prepare: prepare
        case .finish: finish
        case .handOver: handOver
        }
    }

    /// From a move until the food is ready.
    func untilReady(after move: Ticket.Move) -> Duration {
        var sum = Duration.zero
        var next = move.next
        while let move = next, move != .handOver {
            sum += delay(before: move)
            next = move.next
        }
        return sum
    }
}
