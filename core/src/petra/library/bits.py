"""Bits and words, such as the status word and the command word of a drive."""

from petra.blocks import Block, In, Out


class Pack(Block, type="PACK", aliases=("BITS_TO_WORD",)):
    """A word of up to 32 bits. An input that is not wired is false; the word is never negative."""

    bit0 = In(bool, default=False, aliases=("in0", "IN0"), doc="Counts 1")
    bit1 = In(bool, default=False, aliases=("in1", "IN1"), doc="Counts 2")
    bit2 = In(bool, default=False, aliases=("in2", "IN2"), doc="Counts 4")
    bit3 = In(bool, default=False, aliases=("in3", "IN3"), doc="Counts 8")
    bit4 = In(bool, default=False, aliases=("in4", "IN4"), doc="Counts 16")
    bit5 = In(bool, default=False, aliases=("in5", "IN5"), doc="Counts 32")
    bit6 = In(bool, default=False, aliases=("in6", "IN6"), doc="Counts 64")
    bit7 = In(bool, default=False, aliases=("in7", "IN7"), doc="Counts 128")
    bit8 = In(bool, default=False, aliases=("in8", "IN8"), doc="Counts 256")
    bit9 = In(bool, default=False, aliases=("in9", "IN9"), doc="Counts 512")
    bit10 = In(bool, default=False, aliases=("in10", "IN10"), doc="Counts 1024")
    bit11 = In(bool, default=False, aliases=("in11", "IN11"), doc="Counts 2048")
    bit12 = In(bool, default=False, aliases=("in12", "IN12"), doc="Counts 4096")
    bit13 = In(bool, default=False, aliases=("in13", "IN13"), doc="Counts 8192")
    bit14 = In(bool, default=False, aliases=("in14", "IN14"), doc="Counts 16384")
    bit15 = In(bool, default=False, aliases=("in15", "IN15"), doc="Counts 32768")
    bit16 = In(bool, default=False, aliases=("in16", "IN16"), doc="Counts 65536")
    bit17 = In(bool, default=False, aliases=("in17", "IN17"), doc="Counts 131072")
    bit18 = In(bool, default=False, aliases=("in18", "IN18"), doc="Counts 262144")
    bit19 = In(bool, default=False, aliases=("in19", "IN19"), doc="Counts 524288")
    bit20 = In(bool, default=False, aliases=("in20", "IN20"), doc="Counts 1048576")
    bit21 = In(bool, default=False, aliases=("in21", "IN21"), doc="Counts 2097152")
    bit22 = In(bool, default=False, aliases=("in22", "IN22"), doc="Counts 4194304")
    bit23 = In(bool, default=False, aliases=("in23", "IN23"), doc="Counts 8388608")
    bit24 = In(bool, default=False, aliases=("in24", "IN24"), doc="Counts 16777216")
    bit25 = In(bool, default=False, aliases=("in25", "IN25"), doc="Counts 33554432")
    bit26 = In(bool, default=False, aliases=("in26", "IN26"), doc="Counts 67108864")
    bit27 = In(bool, default=False, aliases=("in27", "IN27"), doc="Counts 134217728")
    bit28 = In(bool, default=False, aliases=("in28", "IN28"), doc="Counts 268435456")
    bit29 = In(bool, default=False, aliases=("in29", "IN29"), doc="Counts 536870912")
    bit30 = In(bool, default=False, aliases=("in30", "IN30"), doc="Counts 1073741824")
    bit31 = In(bool, default=False, aliases=("in31", "IN31"), doc="Counts 2147483648")
    word = Out(int, aliases=("out", "output", "OUT"), doc="The word")

    # Written out: the compiler unrolls only inputs that take many, so a step with a loop would be called.
    def step(self, dt: float) -> None:
        byte0 = (
            self.bit0 * 0x1
            | self.bit1 * 0x2
            | self.bit2 * 0x4
            | self.bit3 * 0x8
            | self.bit4 * 0x10
            | self.bit5 * 0x20
            | self.bit6 * 0x40
            | self.bit7 * 0x80
        )
        byte1 = (
            self.bit8 * 0x100
            | self.bit9 * 0x200
            | self.bit10 * 0x400
            | self.bit11 * 0x800
            | self.bit12 * 0x1000
            | self.bit13 * 0x2000
            | self.bit14 * 0x4000
            | self.bit15 * 0x8000
        )
        byte2 = (
            self.bit16 * 0x10000
            | self.bit17 * 0x20000
            | self.bit18 * 0x40000
            | self.bit19 * 0x80000
            | self.bit20 * 0x100000
            | self.bit21 * 0x200000
            | self.bit22 * 0x400000
            | self.bit23 * 0x800000
        )
        byte3 = (
            self.bit24 * 0x1000000
            | self.bit25 * 0x2000000
            | self.bit26 * 0x4000000
            | self.bit27 * 0x8000000
            | self.bit28 * 0x10000000
            | self.bit29 * 0x20000000
            | self.bit30 * 0x40000000
            | self.bit31 * 0x80000000
        )
        self.word = byte0 | byte1 | byte2 | byte3


class Unpack(Block, type="UNPACK", aliases=("WORD_TO_BITS",)):
    """The lowest 32 bits of a word; a negative word is read in two's complement."""

    word = In(int, aliases=("in", "input", "IN"), doc="The word")
    bit0 = Out(bool, aliases=("out0", "OUT0"), doc="Counts 1")
    bit1 = Out(bool, aliases=("out1", "OUT1"), doc="Counts 2")
    bit2 = Out(bool, aliases=("out2", "OUT2"), doc="Counts 4")
    bit3 = Out(bool, aliases=("out3", "OUT3"), doc="Counts 8")
    bit4 = Out(bool, aliases=("out4", "OUT4"), doc="Counts 16")
    bit5 = Out(bool, aliases=("out5", "OUT5"), doc="Counts 32")
    bit6 = Out(bool, aliases=("out6", "OUT6"), doc="Counts 64")
    bit7 = Out(bool, aliases=("out7", "OUT7"), doc="Counts 128")
    bit8 = Out(bool, aliases=("out8", "OUT8"), doc="Counts 256")
    bit9 = Out(bool, aliases=("out9", "OUT9"), doc="Counts 512")
    bit10 = Out(bool, aliases=("out10", "OUT10"), doc="Counts 1024")
    bit11 = Out(bool, aliases=("out11", "OUT11"), doc="Counts 2048")
    bit12 = Out(bool, aliases=("out12", "OUT12"), doc="Counts 4096")
    bit13 = Out(bool, aliases=("out13", "OUT13"), doc="Counts 8192")
    bit14 = Out(bool, aliases=("out14", "OUT14"), doc="Counts 16384")
    bit15 = Out(bool, aliases=("out15", "OUT15"), doc="Counts 32768")
    bit16 = Out(bool, aliases=("out16", "OUT16"), doc="Counts 65536")
    bit17 = Out(bool, aliases=("out17", "OUT17"), doc="Counts 131072")
    bit18 = Out(bool, aliases=("out18", "OUT18"), doc="Counts 262144")
    bit19 = Out(bool, aliases=("out19", "OUT19"), doc="Counts 524288")
    bit20 = Out(bool, aliases=("out20", "OUT20"), doc="Counts 1048576")
    bit21 = Out(bool, aliases=("out21", "OUT21"), doc="Counts 2097152")
    bit22 = Out(bool, aliases=("out22", "OUT22"), doc="Counts 4194304")
    bit23 = Out(bool, aliases=("out23", "OUT23"), doc="Counts 8388608")
    bit24 = Out(bool, aliases=("out24", "OUT24"), doc="Counts 16777216")
    bit25 = Out(bool, aliases=("out25", "OUT25"), doc="Counts 33554432")
    bit26 = Out(bool, aliases=("out26", "OUT26"), doc="Counts 67108864")
    bit27 = Out(bool, aliases=("out27", "OUT27"), doc="Counts 134217728")
    bit28 = Out(bool, aliases=("out28", "OUT28"), doc="Counts 268435456")
    bit29 = Out(bool, aliases=("out29", "OUT29"), doc="Counts 536870912")
    bit30 = Out(bool, aliases=("out30", "OUT30"), doc="Counts 1073741824")
    bit31 = Out(bool, aliases=("out31", "OUT31"), doc="Counts 2147483648")

    def step(self, dt: float) -> None:
        self.bit0 = (self.word & 0x1) != 0
        self.bit1 = (self.word & 0x2) != 0
        self.bit2 = (self.word & 0x4) != 0
        self.bit3 = (self.word & 0x8) != 0
        self.bit4 = (self.word & 0x10) != 0
        self.bit5 = (self.word & 0x20) != 0
        self.bit6 = (self.word & 0x40) != 0
        self.bit7 = (self.word & 0x80) != 0
        self.bit8 = (self.word & 0x100) != 0
        self.bit9 = (self.word & 0x200) != 0
        self.bit10 = (self.word & 0x400) != 0
        self.bit11 = (self.word & 0x800) != 0
        self.bit12 = (self.word & 0x1000) != 0
        self.bit13 = (self.word & 0x2000) != 0
        self.bit14 = (self.word & 0x4000) != 0
        self.bit15 = (self.word & 0x8000) != 0
        self.bit16 = (self.word & 0x10000) != 0
        self.bit17 = (self.word & 0x20000) != 0
        self.bit18 = (self.word & 0x40000) != 0
        self.bit19 = (self.word & 0x80000) != 0
        self.bit20 = (self.word & 0x100000) != 0
        self.bit21 = (self.word & 0x200000) != 0
        self.bit22 = (self.word & 0x400000) != 0
        self.bit23 = (self.word & 0x800000) != 0
        self.bit24 = (self.word & 0x1000000) != 0
        self.bit25 = (self.word & 0x2000000) != 0
        self.bit26 = (self.word & 0x4000000) != 0
        self.bit27 = (self.word & 0x8000000) != 0
        self.bit28 = (self.word & 0x10000000) != 0
        self.bit29 = (self.word & 0x20000000) != 0
        self.bit30 = (self.word & 0x40000000) != 0
        self.bit31 = (self.word & 0x80000000) != 0
