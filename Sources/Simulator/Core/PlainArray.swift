import CSimulatorHook

/// A growable row of plain values (nothing in them is counted or freed) without bounds or uniqueness checks:
/// the storage of the loop's inner tables. Indices come from those tables, never from outside.
struct PlainArray<Element>: ~Copyable {
  private(set) var base: UnsafeMutablePointer<Element>
  private(set) var count = 0
  private var capacity: Int

  init(capacity: Int) {
    self.capacity = max(capacity, 4)
    base = Self.allocate(self.capacity)
  }

  deinit { drk_free(base) }

  subscript(index: Int) -> Element {
    @inline(__always) unsafeAddress { UnsafePointer(base + index) }
    @inline(__always) nonmutating unsafeMutableAddress { base + index }
  }

  mutating func append(_ element: Element) {
    if count == capacity {
      let larger = Self.allocate(capacity * 2)
      larger.moveInitialize(from: base, count: count)
      drk_free(base)
      base = larger
      capacity *= 2
    }
    (base + count).initialize(to: element)
    count &+= 1
  }

  private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<Element> {
    drk_allocate(capacity * MemoryLayout<Element>.stride)!.bindMemory(to: Element.self, capacity: capacity)
  }
}
