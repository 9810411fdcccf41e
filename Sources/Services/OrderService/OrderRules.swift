import Contracts

/// What an order must look like to be taken at all. How much anybody may order the consumer service decides.
struct OrderRules: Sendable {
    /// Different items in one order.
    var lineCountMax = 50

    /// Why the lines cannot be taken; nil if they can.
    func problem(in lines: [OrderMessages.LineItem]) -> String? {
        if lines.isEmpty { return "no-lines" }
        if lines.count > lineCountMax { return "too-many-lines" }
        if Set(lines.map(\.menuItemId)).count < lines.count { return "item-twice" }
        if lines.contains(where: { $0.quantity < 1 }) { return "quantity-not-positive" }
        return nil
    }
}
