import Messaging
import SagaFile
import SagaModel
import Testing

@testable import Orchestration

@Suite struct InstanceMemoryTests {
    private let fold: SagaFold

    init() throws { fold = try SampleSaga.started() }

    @Test func anInstanceIsTakenOnceAsItWasKept() throws {
        var memory = InstanceMemory()
        let kept = remembered(fold, at: 1000)
        memory.keep(kept)
        #expect(memory.stamps(of: [id, .none]) == [id: InstanceStamp(version: 1, changedAt: 1000)])
        let first = memory.take(id, kept.stamp)
        let second = memory.take(id, kept.stamp)
        let taken = try #require(first)
        #expect(taken.instance == fold.instance && taken.traceparent == "t" && taken.startedAt == 1000)
        #expect(second == nil, "whoever has taken it has it alone")
        #expect(memory.stamps(of: [id]).isEmpty)
    }

    @Test func whatTheRowSaysDecides() {
        for stamp in [InstanceStamp(version: 2, changedAt: 1000), InstanceStamp(version: 1, changedAt: 1001)] {
            var memory = InstanceMemory()
            memory.keep(remembered(fold, at: 1000))
            let taken = memory.take(id, stamp)
            #expect(taken == nil, "somebody else wrote meanwhile")
            #expect(memory.stamps(of: [id]).isEmpty, "and what is old is of no use")
        }
    }

    @Test func theLastWritingIsKept() {
        var memory = InstanceMemory()
        memory.keep(remembered(fold, at: 1000))
        memory.keep(remembered(fold, at: 2000))
        #expect(memory.stamps(of: [id]) == [id: InstanceStamp(version: 1, changedAt: 2000)])
    }

    @Test func aSagaThatIsOverIsForgotten() {
        var memory = InstanceMemory()
        memory.keep(remembered(fold, at: 1000))
        var instance = fold.instance
        instance.phase = .finished
        let over = SagaFold(
            fold.definition, instance, version: 2, traceparent: nil, startedAt: 1000, wakeAt: nil)
        memory.keep(remembered(over, at: 2000))
        #expect(memory.stamps(of: [id]).isEmpty)
    }

    @Test func thereIsALimitOfInstances() throws {
        var memory = InstanceMemory(countMax: 8)
        let folds = try (0..<20).map { try SampleSaga.started(key: "o\($0)") }
        let ids = folds.map(\.instance.id)
        for (place, fold) in folds.enumerated() {
            memory.keep(remembered(fold, at: 1000))
            #expect(memory.stamps(of: ids).count <= 8)
            #expect(memory.stamps(of: Array(ids[max(0, place - 3)...place])).count == min(place + 1, 4))
        }
    }

    @Test func thereIsALimitOfBytes() throws {
        var memory = InstanceMemory(byteCountMax: 1000)
        let folds = try (0..<20).map { try SampleSaga.started(key: "o\($0)") }
        for fold in folds {
            memory.keep(remembered(fold, at: 1000, byteCount: 300))
            #expect(memory.stamps(of: folds.map(\.instance.id)).count <= 3)
            #expect(memory.stamps(of: [fold.instance.id]).count == 1)
        }
        memory.keep(remembered(folds[0], at: 1000, byteCount: 501))
        #expect(memory.stamps(of: [folds[0].instance.id]).isEmpty, "one alone may not fill it")
    }

    @Test func whatIsTakenMakesRoom() throws {
        var memory = InstanceMemory(byteCountMax: 1000)
        let other = try SampleSaga.started(key: "other")
        memory.keep(remembered(other, at: 1000, byteCount: 300))
        for number in 0..<100 {
            let kept = remembered(fold, at: Int64(number), byteCount: 200)
            memory.keep(kept)
            let taken = memory.take(id, kept.stamp)
            #expect(taken != nil)
        }
        #expect(memory.stamps(of: [other.instance.id]).count == 1)
    }

    @Test func aFoldGoesOnFromWhatIsRemembered() {
        let again = SagaFold(remembered(fold, at: 1000), wakeAt: 7, isRead: true)
        #expect(again.instance == fold.instance && again.version == 1 && again.storedVersion == 1)
        #expect(again.entries.isEmpty && again.traceparent == "t" && again.startedAt == 1000 && again.wakeAt == 7)
        #expect(again.assumed == nil)
        let assumed = SagaFold(remembered(fold, at: 1000), wakeAt: 7, isRead: false)
        #expect(assumed.assumed == InstanceStamp(version: 1, changedAt: 1000), "which its update then asks for")
    }

    @Test func allAreTakenOrNone() throws {
        var memory = InstanceMemory()
        let other = try SampleSaga.started(key: "other")
        memory.keep(remembered(fold, at: 1000))
        let tooFew = memory.takeAll([id, other.instance.id])
        #expect(tooFew == nil)
        memory.keep(remembered(other, at: 2000))
        #expect(memory.stamps(of: [id, other.instance.id]).count == 2, "nothing was taken")
        let both = memory.takeAll([id, other.instance.id])
        #expect(both?.map(\.stamp.changedAt) == [1000, 2000])
        #expect(memory.stamps(of: [id, other.instance.id]).isEmpty)
    }

    private var id: Identifier { fold.instance.id }

    private func remembered(_ fold: SagaFold, at changedAt: Int64, byteCount: Int = 500) -> RememberedInstance {
        fold.storedByteCount = byteCount
        return RememberedInstance(fold, changedAt: changedAt)
    }
}
