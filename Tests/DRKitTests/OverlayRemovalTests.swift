import DRKit
import Testing

@Suite("What is done with an image at the secondary")
struct OverlayRemovalTests {
  private let disk = Sample.disk(1)
  private let base = Sample.volume(1)
  private let overlay = Sample.volume(2)
  private let other = Sample.volume(3)

  private func decide(_ metadata: [VolumeID: VolumeMetadata]) throws(DRError) -> OverlayRemoval {
    try OverlayRemoval.decide(
      disk: disk, domain: Sample.domain, base: base, overlay: overlay, metadata: metadata)
  }

  private func refusal(_ metadata: [VolumeID: VolumeMetadata]) -> String {
    do {
      return "\(try decide(metadata))"
    } catch {
      #expect(error.kind == .disproved)
      #expect(error.remedy.contains("nothing of this image was touched"))
      return error.reason
    }
  }

  private func meta(
    parent: VolumeID = .blank, _ role: VolumeMetadata.Role = .leaf, domain: StorageDomainID = Sample.domain,
    image: DiskID? = nil, legality: String = "LEGAL"
  ) -> VolumeMetadata {
    Sample.metadata(
      disk: image ?? disk, domain: domain, parent: parent, role: role, legality: legality)
  }

  private var synced: [VolumeID: VolumeMetadata] {
    [base: meta(.internal), overlay: meta(parent: base)]
  }

  @Test("is a repair when it is just base and overlay")
  func repair() throws { #expect(try decide(synced) == .repair) }

  @Test("is a repair, too, when an earlier one already made the base a leaf")
  func repairAgain() throws {
    #expect(try decide([base: meta(), overlay: meta(parent: base)]) == .repair)
  }

  @Test("is to finish when the overlay's .meta is gone and the base is a leaf")
  func finish() throws { #expect(try decide([base: meta()]) == .finish) }

  @Test("is a repair for a thin machine: the template's SHARED volume below is left alone")
  func thin() throws {
    let template = meta(.shared, image: Sample.disk(99))
    let chain = [other: template, base: meta(parent: other, .internal), overlay: meta(parent: base)]
    #expect(try decide(chain) == .repair)
  }

  @Test("is refused, and nothing touched, for every deviation")
  func refusals() {
    func with(_ edit: (inout [VolumeID: VolumeMetadata]) -> Void) -> String {
      var metadata = synced
      edit(&metadata)
      return refusal(metadata)
    }
    let foreign = Sample.disk(9)
    let elsewhere = StorageDomainID(high: 1, low: 1)
    #expect(with { $0[base] = nil } == "the base \(base) has no .meta")
    #expect(
      with { $0[base] = meta(.internal, image: foreign) }.contains("base's .meta names image \(foreign)"))
    #expect(
      with { $0[overlay] = meta(parent: base, image: foreign) }.contains("overlay's .meta names image"))
    #expect(with { $0[base] = meta(.internal, domain: elsewhere) }.contains("names domain \(elsewhere)"))
    #expect(
      with { $0[overlay] = meta(parent: base, domain: elsewhere) }.contains("overlay's .meta names domain"))
    #expect(with { $0[base] = meta(.internal, legality: "ILLEGAL") } == "the base is ILLEGAL")
    #expect(with { $0[overlay] = meta(parent: base, legality: "ILLEGAL") } == "the overlay is ILLEGAL")
    #expect(with { $0[overlay] = meta(parent: other) } == "its parent is \(other), not \(base)")
    #expect(with { $0[overlay] = meta(parent: base, .internal) } == "it is INTERNAL, not LEAF")
    #expect(with { $0[other] = meta(parent: overlay) } == "it is the parent of \(other)")
    #expect(with { $0[other] = meta(parent: base) } == "the base \(base) has another child, \(other)")
    #expect(
      with { $0[overlay] = nil } == "the base is INTERNAL but the overlay's .meta has not arrived")
    #expect(with { $0[base] = meta(.shared) }.contains("the base is SHARED"))
  }

  @Test("is refused when a foreign child was planted on an overlay whose .meta is gone")
  func foreignChild() {
    #expect(refusal([base: meta(), other: meta(parent: overlay)]) == "it is the parent of \(other)")
  }

  @Suite("The chain of an image")
  struct Chain {
    private let disk = Sample.disk(1)

    private func meta(
      _ parent: VolumeID, _ role: VolumeMetadata.Role, _ legality: String = "LEGAL"
    ) -> VolumeMetadata {
      Sample.metadata(disk: disk, parent: parent, role: role, legality: legality)
    }

    private func complaint(_ metadata: [VolumeID: VolumeMetadata]) -> String {
      do {
        return "\(try OverlayRemoval.chain(of: disk, metadata: metadata))"
      } catch {
        #expect(error.kind == .disproved)
        return error.reason
      }
    }

    private let a = Sample.volume(1)
    private let b = Sample.volume(2)
    private let c = Sample.volume(3)

    @Test("goes from the one leaf down to the bottom")
    func chain() throws {
      let metadata = [a: meta(.blank, .shared), b: meta(a, .internal), c: meta(b, .leaf)]
      #expect(try OverlayRemoval.chain(of: disk, metadata: metadata) == [c, b, a])
      #expect(try OverlayRemoval.chain(of: disk, from: b, metadata: metadata) == [b, a])
    }

    @Test("is refused without a leaf, with two, with a parent missing, with an ILLEGAL member, in a circle")
    func refusals() {
      #expect(complaint([a: meta(.blank, .internal)]).hasPrefix("0 leaves"))
      #expect(complaint([:]).hasPrefix("0 leaves"))
      #expect(complaint([a: meta(.blank, .leaf), b: meta(a, .leaf)]).hasPrefix("2 leaves"))
      #expect(complaint([b: meta(a, .leaf)]) == "the parent \(a) does not exist")
      let illegal = [a: meta(.blank, .internal, "ILLEGAL"), b: meta(a, .leaf)]
      #expect(complaint(illegal).hasPrefix("\(a) is ILLEGAL"))
      let circle = [a: meta(b, .internal), b: meta(a, .internal), c: meta(b, .leaf)]
      #expect(complaint(circle) == "the chain comes back to \(b)")
    }
  }
}
