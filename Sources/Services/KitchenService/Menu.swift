import Contracts

/// What a restaurant serves, as far as an order asks for it.
struct Menu: Sendable, Hashable {
    var isOpen: Bool
    /// Prices in minor units, by item.
    var prices: [String: Int64]

    /// Why an order cannot be cooked.
    enum Refusal: Error, Sendable, Hashable {
        case closed
        case itemInvalid(String)
    }

    /// Whether an order of these lines is taken.
    func offers(_ lines: [OrderMessages.LineItem]) -> Bool { (try? total(of: lines)) != nil }

    /// What the lines cost together, in minor units.
    func total(of lines: [OrderMessages.LineItem]) throws(Refusal) -> Int64 {
        guard isOpen else { throw .closed }
        var total: Int64 = 0
        for line in lines {
            guard let price = prices[line.menuItemId], line.quantity > 0 else { throw .itemInvalid(line.menuItemId) }
            let (cost, isCostTooLarge) = price.multipliedReportingOverflow(by: line.quantity)
            let (sum, isSumTooLarge) = total.addingReportingOverflow(cost)
            if isCostTooLarge || isSumTooLarge { throw .itemInvalid(line.menuItemId) }
            total = sum
        }
        return total
    }
}
