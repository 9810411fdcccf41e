import Testing

@testable import AMQP

@Suite struct TLSContextTests {
    @Test func nothingBelowOneDotTwoIsSpoken() throws {
        // TLS1_2_VERSION.
        #expect(try TLSContext.make(TLSConfiguration()).minimumVersion == 0x0303)
    }

    @Test func aPeerHasToProveWhoItIs() throws {
        #expect(try TLSContext.make(TLSConfiguration()).verifiesPeer)
    }
}
