import Testing

extension TownTests {
    /// What is injected and refused is told with the reason, though nobody is answered.
    @Suite struct RefusalTests {
        @Test func whoWaitsForARefusedCommandHearsWhy() async throws {
            try await Town.withTown { town in
                let order = try await town.skald(
                    "inject", "order.PlaceOrder", "--set", "lines.0.quantity=0", "--wait", "--patience", "30")
                #expect(order.exit == "exit status 1" && order.data.contains("refused 1"), "\(order.output)")
                #expect(order.messages.contains("order.OrderInvalid {\"reason\":"), "\(order.output)")
                #expect(!order.output.contains("had no end"), "\(order.output)")

                let cancel = try await town.skald("inject", "order.CancelOrder", "--wait", "--json")
                #expect(cancel.exit == "exit status 1", "\(cancel.output)")
                #expect(cancel.data.contains(#""refused":{"order.OrderUnknown":1}"#), "\(cancel.output)")

                let placing = ["inject", "order.PlaceOrder", "--set", "orderId=once", "--wait"]
                let placed = try await town.keeper.skald(placing)
                #expect(placed.isSuccess && !placed.output.contains("refused"), "\(placed.output)")
                // There is a saga of that order, and it has ended: but not by this command.
                let again = try await town.keeper.skald(placing)
                #expect(again.exit == "exit status 1" && !again.data.contains("approved"), "\(again.output)")
                #expect(again.messages.contains("order.OrderExists"), "\(again.output)")
                try await town.expectQuiet()
            }
        }
    }
}
