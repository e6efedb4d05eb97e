import Testing

@testable import DRKit

@Suite("A journalled value")
struct JournalCodingTests {
  private func text(_ value: some Encodable) throws -> String {
    String(decoding: try JournalCoding.encode(value, for: "s"), as: UTF8.self)
  }

  private func returns<T: Codable & Equatable>(_ value: T) throws -> Bool {
    try JournalCoding.decode(T.self, from: try JournalCoding.encode(value, for: "s"), for: "s") == value
  }

  @Test("comes back as it was, down to the nanosecond")
  func roundTrip() throws {
    #expect(try returns(true))
    #expect(try returns(Instant(nanoseconds: 1_700_000_000_123_456_789)))
    #expect(try returns(Instant(nanoseconds: .max)))
    #expect(try returns(TimeSpan(nanoseconds: .min)))
    #expect(try returns(Sample.disk(7)))
    #expect(try returns(WorkerState.unknown("Odd \"word\"")))
    #expect(try returns([DRError.stopped, DRError(.unfit, "a", "b", reason: "ü", remedy: "\u{1F600}\n")]))
    let machine = MachinePlan(
      id: Sample.machine(1), name: "vm",
      disks: [DiskPlan(disk: Sample.disk(1), alias: "d", base: .blank, overlay: .blank)])
    #expect(try returns(QuiescePlan(machines: [machine], notInPoint: ["x"])))
    #expect(try returns(SyncPolicy()))
    let digest = FileDigest(size: .max, sha256: "00")
    let image = SealedImage(
      machine: Sample.machine(1), disk: Sample.disk(1), volume: Sample.volume(1), digest: digest)
    let point = RecoveryPoint(
      run: Sample.run(1), key: Sample.key, instant: Instant(nanoseconds: 1), sealed: Instant(nanoseconds: 2),
      images: [image], notInPoint: ["a"], leftOut: ["b"])
    #expect(try returns(Verdict(point: point, failure: nil)))
    #expect(try returns(Verdict(point: nil, failure: .stopped)))
    #expect(
      try returns(
        RunRecord(id: Sample.run(1), key: Sample.key, began: Instant(nanoseconds: 1), failure: .stopped)))
  }

  @Test("of an image from before there were levels of proof is read, and new ones are read back")
  func proofs() throws {
    let old = """
      {"machine":"\(Sample.machine(1))","disk":"\(Sample.disk(1))","volume":"\(Sample.volume(1))",\
      "digest":{"size":5,"sha256":"00"}}
      """
    let image = try JournalCoding.decode(SealedImage.self, from: Array(old.utf8), for: "s")
    #expect(image.digest == FileDigest(size: 5, sha256: "00"))
    #expect(image.proof == nil)
    var new = image
    new.digest = FileDigest(size: 100, sha256: "00", block: 10, read: 3)
    new.proof = ContentProof(new.digest)
    #expect(try returns(new))
    #expect(
      try text(new.proof) == #"{"blocks":10,"compared":3,"detection":0.3,"level":"sampled"}"#)
    #expect(try !text(image).contains("proof"))
    #expect(try returns(VerifyDecision(level: .full, block: 1)))
    #expect(try returns(VerifyDecision(level: .sampled(blocks: 7), block: 1)))
  }

  @Test("is the same bytes in every build: keys in order, ids and times spelled plainly")
  func stable() throws {
    #expect(try text(true) == "true")
    #expect(try text(Instant(epochSeconds: 2)) == "2000000000")
    #expect(try text(TimeSpan.seconds(1)) == "1000000000")
    #expect(try text(Sample.disk(1)) == "\"00000000-2222-0000-0000-000000000001\"")
    #expect(try text(Sample.key) == #"{"destination":"b1","domain":"data"}"#)
  }

  @Test(
    "that can't be read names the step, and the way out",
    arguments: ["", "{", "\"no\"", "{\"a\":1}", "99999999999999999999999"])
  func unreadable(_ text: String) {
    #expect {
      try JournalCoding.decode(Instant.self, from: Array(text.utf8), for: "quiesce.began")
    } throws: { error in
      guard let error = error as? DRError else { return false }
      return error.kind == .unreadable && error.subject == "quiesce.began" && !error.remedy.isEmpty
    }
  }

  @Test("with an id that is none is unreadable")
  func badIdentifier() {
    #expect(throws: DRError.self) {
      try JournalCoding.decode(DiskID.self, from: Array("\"x\"".utf8), for: "s")
    }
  }
}
