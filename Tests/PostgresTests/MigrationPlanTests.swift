import Testing

@testable import Postgres

@Suite struct MigrationPlanTests {
    private func row(_ number: Int, _ checksum: String = "same") -> MigrationPlan.Known {
        .init(number: number, name: "step \(number)", checksum: checksum)
    }

    private func pending(_ known: [MigrationPlan.Known], _ applied: [MigrationPlan.Known]) throws(PostgresError)
        -> [Int]
    {
        try MigrationPlan(set: "orders", known: known, applied: applied).pending()
    }

    @Test func whatIsNotAppliedIsPending() throws {
        #expect(try pending([row(1), row(2), row(3)], [row(1)]) == [2, 3])
        #expect(try pending([row(1)], [row(1)]) == [])
        #expect(try pending([], []) == [])
        #expect(try pending([row(1)], [row(1), row(2)]) == [])
    }

    @Test func contradictionsNameTheMigration() {
        let cases: [([MigrationPlan.Known], [MigrationPlan.Known], String)] = [
            ([row(1), row(3)], [], "migration 3 \"step 3\" of orders has the number 3 where 2 is due"),
            ([row(1)], [row(1, "other")], "migration 1 \"step 1\" of orders was edited"),
            ([row(1), row(2)], [row(2)], "migration 2 \"step 2\" of orders is applied but 1 before it is not"),
        ]
        for (known, applied, words) in cases {
            do throws(PostgresError) {
                _ = try pending(known, applied)
                Issue.record("nothing was thrown for \(words)")
            } catch {
                #expect(error.code == .migrationRefused)
                #expect(error.note?.hasPrefix(words) == true)
            }
        }
    }

    @Test func theChecksumCoversEveryStatement() {
        let one = Migration(1, "x", ["SELECT 1", "SELECT 2"])
        let other = Migration(1, "x", ["SELECT 1", "SELECT 3"])
        #expect(one.text != other.text)
    }
}
