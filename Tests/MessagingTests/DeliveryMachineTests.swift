import Testing

@testable import Messaging

/// Ends of a run that the exploration of the delivery rule does not reach.
@Suite struct DeliveryMachineTests {
    /// A database that lends no connection fails a run before it was opened; the run is tried again, nobody is to blame.
    @Test func aRunThatNeverBeganMayFail() {
        let id = UUIDv7(milliseconds: 1, randomHigh: 0, randomLow: 1)
        var machine = DeliveryMachine([DeliveryMachine.Member(id: id, direction: nil)])
        #expect(machine.failed(.ground) == .abort(.ground))
        #expect(machine.isEnded)
    }
}
