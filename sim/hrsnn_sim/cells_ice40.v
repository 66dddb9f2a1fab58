// A two-state model of the UP5K's single-port RAM, for simulators that cannot run the vendor's. Where
// that one gives unknown values (the output after a write) this gives a word that is surely wrong.
module SB_SPRAM256KA (
    input [13:0] ADDRESS,
    input [15:0] DATAIN,
    input [3:0] MASKWREN,
    input WREN, CHIPSELECT, CLOCK, STANDBY, SLEEP, POWEROFF,
    output reg [15:0] DATAOUT
);
    reg [15:0] mem [0:16383];
    wire [15:0] mask = {{4{MASKWREN[3]}}, {4{MASKWREN[2]}}, {4{MASKWREN[1]}}, {4{MASKWREN[0]}}};
    wire [15:0] stored = mem[ADDRESS];
    wire writes = CHIPSELECT & WREN & ~STANDBY & ~SLEEP & POWEROFF;
    initial DATAOUT = 0;
    always @(posedge CLOCK) begin
        if (writes) mem[ADDRESS] <= (DATAIN & mask) | (stored & ~mask);
        if (SLEEP | ~POWEROFF) DATAOUT <= 0;
        else if (STANDBY | writes) DATAOUT <= ~stored;
        else if (CHIPSELECT) DATAOUT <= stored;
    end
endmodule
