/// From the commit on.
extension DeliveryMachine {
    /// The transaction is committed, or ended without having written anything.
    package mutating func committed() -> Action {
        precondition(phase == .committing || phase == .closing, "the run is \(phase), nothing was committed")
        phase = .settling
        openRows = Set(0..<rowCount)
        var acknowledged: [Int] = []
        for (place, progress) in progress.enumerated() {
            switch progress {
            case .handled: acknowledged.append(place)
            // Without a stored reply nobody waits for one.
            case .duplicate(hasReply: false): acknowledged.append(place)
            case .duplicate(hasReply: true): openResends.insert(place)
            case .unknown, .running: preconditionFailure("member \(place) was committed while \(progress)")
            }
        }
        return .settle(acknowledge: acknowledged, publishedRows: openRows.count, resend: openResends.sorted())
    }

    /// The broker has a row's message, or has it not and the sweep takes over.
    package mutating func published(row: Int, isConfirmed: Bool) -> Action {
        expect(.settling)
        let wasOpen = openRows.remove(row) != nil
        precondition(wasOpen, "row \(row) was settled twice")
        return isConfirmed ? .forget(row: row) : .leaveToSweep(row: row)
    }

    /// The broker has a reply sent again, or it is not known whether it has.
    package mutating func resent(_ place: Int, isConfirmed: Bool) -> Action {
        expect(.settling)
        precondition(openResends.contains(place), "member \(place) has no reply on its way")
        guard isConfirmed else { return .resend(place) }
        openResends.remove(place)
        return .acknowledge([place])
    }

    /// Whether all is confirmed or left to the sweep; asked after each of the above.
    package mutating func finishIfDone() -> Action? {
        guard phase == .settling, openRows.isEmpty, openResends.isEmpty else { return nil }
        phase = .ended
        return .finish
    }
}
