import Contracts

/// What an order must look like to be taken at all.
struct OrderRules: Sendable {
    /// Different items in one order.
    var lineCountMax = 50
    /// Of one item, where an order is revised. Of a new order the consumer service decides, which no revision asks.
    var revisedQuantityMax: Int64 = 10

    /// Why the lines cannot be taken; nil if they can.
    func problem(in lines: [OrderMessages.LineItem]) -> String? {
        if lines.isEmpty { return "no-lines" }
        if lines.count > lineCountMax { return "too-many-lines" }
        if Set(lines.map(\.menuItemId)).count < lines.count { return "item-twice" }
        if lines.contains(where: { $0.quantity < 1 }) { return "quantity-not-positive" }
        return nil
    }

    /// Why an order cannot be revised to these lines; nil if it can.
    func problem(inRevised lines: [OrderMessages.LineItem]) -> String? {
        if let problem = problem(in: lines) { return problem }
        return lines.contains { $0.quantity > revisedQuantityMax } ? "quantity-too-large" : nil
    }
}
