import DRKit
import Testing

@Suite("A file's content as digests of its blocks")
struct BlockDigestsTests {
  private func hash(_ number: UInt64) -> BlockHash { BlockHash(number, 0, 0, 1) }

  private func digests(_ words: [UInt64], size: Int64? = nil) -> BlockDigests {
    let blocks = words.enumerated().map {
      BlockDigests.Block(index: Int64($0.offset), hash: hash($0.element))
    }
    return BlockDigests(size: size ?? Int64(words.count) * 10, block: 10, blocks: blocks)
  }

  @Test("has a root that another program gets as well")
  func root() throws {
    // Made with Python's hashlib from 10,000 bytes (i * 31 + i / 256) mod 256 in blocks of 4,096.
    let hashes = [
      "470d1b89fc75293c6793ec18ae42d29a06e47c26fde262729975d35de66bc5b1",
      "119ccfcd8aee3e8e4733a9ad5e6c04723595a7bb2730295121d894d20a4668e7",
      "e77f5640607f2e79a3a72ed7cbc0078c48c7ce991ed9098f4ddc2dcd6a52783b",
    ]
    let blocks = try hashes.enumerated().map {
      BlockDigests.Block(index: Int64($0.offset), hash: try #require(BlockHash(hexadecimal: $0.element)))
    }
    let digests = BlockDigests(size: 10_000, block: 4_096, blocks: blocks.reversed())
    #expect(digests.root.hexadecimal == "a086af3fe52110ddecaff3c5518e0c50745343288a89a39ac28ad74cfd8195ec")
    #expect(digests.digest == FileDigest(size: 10_000, sha256: digests.root.hexadecimal, block: 4_096))
    #expect(digests.blocks.map(\.hash.hexadecimal) == hashes)
  }

  @Test("has another root when anything of it is another")
  func rootOfOthers() {
    let roots = [
      digests([1, 2]).root, digests([2, 1]).root, digests([1, 2], size: 19).root, digests([1]).root,
      BlockDigests(size: 20, block: 11, blocks: digests([1, 2]).blocks).root,
      BlockDigests(size: 20, block: 10, blocks: [.init(index: 1, hash: hash(1))]).root, digests([]).root,
    ]
    #expect(Set(roots).count == roots.count)
  }

  @Test("says which blocks differ, or are on one side only")
  func differing() {
    let ours = digests([1, 2, 3, 4, 5, 6])
    #expect(ours.differing(from: ours) == [])
    #expect(ours.differing(from: digests([1, 9, 3, 4, 8, 6])) == [1, 4])
    #expect(ours.differing(from: digests([1, 2, 3])) == [3, 4, 5])
    #expect(digests([1, 2, 3]).differing(from: ours) == [3, 4, 5])
    let sparse = BlockDigests(
      size: 60, block: 10, blocks: [.init(index: 1, hash: hash(2)), .init(index: 4, hash: hash(0))])
    #expect(sparse.differing(from: ours) == [0, 2, 3, 4, 5])
    #expect(BlockDigests.text([3, 7, 8, 9, 20]) == "3, 7-9, 20")
    #expect(BlockDigests.text([1, 3, 5, 6, 7], limit: 2) == "1, 3 and 3 more")
  }

  @Test("knows its number of blocks up to the largest sizes")
  func counts() {
    #expect(BlockDigests.count(size: 0, block: 10) == 0)
    #expect(BlockDigests.count(size: 1, block: 10) == 1)
    #expect(BlockDigests.count(size: 20, block: 10) == 2)
    #expect(BlockDigests.count(size: .max, block: .max) == 1)
    #expect(BlockDigests.count(size: .max, block: 1) == .max)
  }

  @Test("takes 64 lower-case hexadecimal digits for a hash, and nothing else")
  func hexadecimal() {
    let good = String(repeating: "0123456789abcdef", count: 4)
    #expect(BlockHash(hexadecimal: good)?.hexadecimal == good)
    for bad in ["", String(good.dropLast()), good + "0", good.uppercased(), "g" + good.dropFirst()] {
      #expect(BlockHash(hexadecimal: bad) == nil, "\(bad)")
    }
  }
}

@Suite("A sample of blocks")
struct BlockSampleTests {
  @Test("is drawn without replacement, in order, all where there are no more")
  func distinct() {
    for blocks in [1, 2, 5, 64, 1_600] as [Int64] {
      for count in [1, 2, 5, 63, 64, 65] {
        for seed in 0..<20 as Range<UInt64> {
          let drawn = BlockSample(count: count, seed: seed).indices(of: blocks)
          #expect(drawn.count == min(count, Int(blocks)))
          #expect(drawn == Set(drawn).sorted())
          #expect(drawn.allSatisfy { (0..<blocks).contains($0) })
        }
      }
    }
    #expect(BlockSample(count: 5, seed: 1).indices(of: 0) == [])
  }

  @Test("is the same on every machine: made once with Python")
  func stable() {
    #expect(BlockSample(count: 5, seed: 42).indices(of: 1_600) == [60, 255, 445, 550, 1183])
    #expect(BlockSample(count: 5, seed: 1).indices(of: 6) == [1, 2, 3, 4, 5])
  }

  @Test("takes each block equally often: one lost of n is in k drawn with k/n")
  func fair() {
    let (blocks, count, draws) = (50 as Int64, 10, 4_000)
    var taken = [Int](repeating: 0, count: Int(blocks))
    for seed in 0..<UInt64(draws) {
      for index in BlockSample(count: count, seed: seed &* 0x9e37_79b9).indices(of: blocks) {
        taken[Int(index)] += 1
      }
    }
    // 800 each on average; four standard deviations are 101.
    #expect(taken.allSatisfy { (699...901).contains($0) }, "\(taken)")
  }

  @Test("has another seed for each run and each file, the same on both sides")
  func seeds() {
    let seeds = [
      Derived.sampleSeed(run: Sample.run(1), path: "a"), Derived.sampleSeed(run: Sample.run(2), path: "a"),
      Derived.sampleSeed(run: Sample.run(1), path: "b"),
    ]
    #expect(Set(seeds).count == 3)
    #expect(Derived.sampleSeed(run: Sample.run(1), path: "a") == seeds[0])
  }

  @Test("reads its blocks' bytes, the short last one with its own")
  func bytes() {
    #expect(DigestPlan(block: 10).bytes(size: 25) == 25)
    #expect(DigestPlan(block: 10, sample: BlockSample(count: 9, seed: 1)).bytes(size: 25) == 25)
    let plan = DigestPlan(block: 10, sample: BlockSample(count: 2, seed: 1))
    #expect(plan.bytes(size: 25) == (plan.indices(size: 25).contains(2) ? 15 : 20))
  }
}

@Suite("What a digest proves")
struct ContentProofTests {
  @Test("is everything, or k of n shards with the chance k/n to see one lost")
  func levels() {
    let full = ContentProof(FileDigest(size: 100, sha256: "", block: 10))
    #expect(full.level == .full && full.blocks == 10 && full.compared == 10 && full.detection == 1)
    let sampled = ContentProof(FileDigest(size: 95, sha256: "", block: 10, read: 4))
    #expect(sampled.level == .sampled && sampled.blocks == 10 && sampled.detection == 0.4)
    #expect("\(sampled)".contains("40.0 %"))
    #expect(ContentProof(FileDigest(size: 95, sha256: "")).level == .full)
    #expect(ContentProof(FileDigest(size: 0, sha256: "", block: 10)).detection == 1)
    #expect(ContentProof.weakest([full, sampled]) == sampled)
    #expect(ContentProof.weakest([]) == nil)
  }
}
