// Models of the ECP5 cells that yosys has as black boxes only, as far as its netlists use them: no
// output registers, one clock edge, words of both ports of the same width, contents 0 at start. Of 36
// bits port A writes and port B reads, the lower half by the pins of A.
module DP16KD (
    input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5,
        DIA4, DIA3, DIA2, DIA1, DIA0,
    input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1,
        ADA0,
    input CEA, OCEA, CLKA, WEA, RSTA, CSA2, CSA1, CSA0,
    output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5,
        DOA4, DOA3, DOA2, DOA1, DOA0,
    input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5,
        DIB4, DIB3, DIB2, DIB1, DIB0,
    input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1,
        ADB0,
    input CEB, OCEB, CLKB, WEB, RSTB, CSB2, CSB1, CSB0,
    output DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5,
        DOB4, DOB3, DOB2, DOB1, DOB0
);
    parameter DATA_WIDTH_A = 18;
    parameter DATA_WIDTH_B = 18;
    parameter REGMODE_A = "NOREG";
    parameter REGMODE_B = "NOREG";
    parameter RESETMODE = "SYNC";
    parameter ASYNC_RESET_RELEASE = "SYNC";
    parameter CSDECODE_A = "0b000";
    parameter CSDECODE_B = "0b000";
    parameter WRITEMODE_A = "NORMAL";
    parameter WRITEMODE_B = "NORMAL";
    parameter CLKAMUX = "CLKA";
    parameter CLKBMUX = "CLKB";
    parameter GSR = "AUTO";
    parameter [319:0] INITVAL_00 = 0;
    parameter [319:0] INITVAL_01 = 0;
    parameter [319:0] INITVAL_02 = 0;
    parameter [319:0] INITVAL_03 = 0;
    parameter [319:0] INITVAL_04 = 0;
    parameter [319:0] INITVAL_05 = 0;
    parameter [319:0] INITVAL_06 = 0;
    parameter [319:0] INITVAL_07 = 0;
    parameter [319:0] INITVAL_08 = 0;
    parameter [319:0] INITVAL_09 = 0;
    parameter [319:0] INITVAL_0A = 0;
    parameter [319:0] INITVAL_0B = 0;
    parameter [319:0] INITVAL_0C = 0;
    parameter [319:0] INITVAL_0D = 0;
    parameter [319:0] INITVAL_0E = 0;
    parameter [319:0] INITVAL_0F = 0;
    parameter [319:0] INITVAL_10 = 0;
    parameter [319:0] INITVAL_11 = 0;
    parameter [319:0] INITVAL_12 = 0;
    parameter [319:0] INITVAL_13 = 0;
    parameter [319:0] INITVAL_14 = 0;
    parameter [319:0] INITVAL_15 = 0;
    parameter [319:0] INITVAL_16 = 0;
    parameter [319:0] INITVAL_17 = 0;
    parameter [319:0] INITVAL_18 = 0;
    parameter [319:0] INITVAL_19 = 0;
    parameter [319:0] INITVAL_1A = 0;
    parameter [319:0] INITVAL_1B = 0;
    parameter [319:0] INITVAL_1C = 0;
    parameter [319:0] INITVAL_1D = 0;
    parameter [319:0] INITVAL_1E = 0;
    parameter [319:0] INITVAL_1F = 0;
    parameter [319:0] INITVAL_20 = 0;
    parameter [319:0] INITVAL_21 = 0;
    parameter [319:0] INITVAL_22 = 0;
    parameter [319:0] INITVAL_23 = 0;
    parameter [319:0] INITVAL_24 = 0;
    parameter [319:0] INITVAL_25 = 0;
    parameter [319:0] INITVAL_26 = 0;
    parameter [319:0] INITVAL_27 = 0;
    parameter [319:0] INITVAL_28 = 0;
    parameter [319:0] INITVAL_29 = 0;
    parameter [319:0] INITVAL_2A = 0;
    parameter [319:0] INITVAL_2B = 0;
    parameter [319:0] INITVAL_2C = 0;
    parameter [319:0] INITVAL_2D = 0;
    parameter [319:0] INITVAL_2E = 0;
    parameter [319:0] INITVAL_2F = 0;
    parameter [319:0] INITVAL_30 = 0;
    parameter [319:0] INITVAL_31 = 0;
    parameter [319:0] INITVAL_32 = 0;
    parameter [319:0] INITVAL_33 = 0;
    parameter [319:0] INITVAL_34 = 0;
    parameter [319:0] INITVAL_35 = 0;
    parameter [319:0] INITVAL_36 = 0;
    parameter [319:0] INITVAL_37 = 0;
    parameter [319:0] INITVAL_38 = 0;
    parameter [319:0] INITVAL_39 = 0;
    parameter [319:0] INITVAL_3A = 0;
    parameter [319:0] INITVAL_3B = 0;
    parameter [319:0] INITVAL_3C = 0;
    parameter [319:0] INITVAL_3D = 0;
    parameter [319:0] INITVAL_3E = 0;
    parameter [319:0] INITVAL_3F = 0;

    // Words of 18 bits: two bytes of nine, of which words of 1, 2 and 4 bits use eight.
    reg [17:0] mem [0:1023];
    integer k;
    initial for (k = 0; k < 1024; k = k + 1) mem[k] = 0;

    wire [13:0] addr_B = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3,
        ADB2, ADB1, ADB0};
    wire [17:0] data_B = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8,
        DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0};
    wire selected_B = {CSB2, CSB1, CSB0} == 0;
    localparam WA = DATA_WIDTH_A;
    wire [13:0] addr_A = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3,
        ADA2, ADA1, ADA0};
    wire [17:0] data_A = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8,
        DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0};
    wire [4:0] shift_A = WA == 18 ? 0 : (addr_A[3] ? 9 : 0)
        + (WA == 4 ? 4 * addr_A[2] : WA == 2 ? 2 * addr_A[2:1] : WA == 1 ? addr_A[2:0] : 0);
    wire [17:0] field_A = (18'h3ffff >> (18 - WA)) << shift_A;
    wire [17:0] bytes_A = WA == 18 ? {{9{addr_A[1]}}, {9{addr_A[0]}}} : 18'h3ffff;
    wire selected_A = {CSA2, CSA1, CSA0} == 0;
    wire writes_A = CEA & WEA & selected_A;
    wire [17:0] mask_A = writes_A ? field_A & bytes_A : 0;
    wire [17:0] stored_A = mem[addr_A[13:4]];
    wire [17:0] next_A = (stored_A & ~mask_A) | ((data_A << shift_A) & mask_A);
    wire [17:0] seen_A = WRITEMODE_A == "WRITETHROUGH" ? next_A : stored_A;
    reg [17:0] out_A;
    initial out_A = 0;
    wire [35:0] bytes_36 = {{9{ADA3}}, {9{ADA2}}, {9{ADA1}}, {9{ADA0}}};
    wire [35:0] next_36 = ({mem[{addr_A[13:5], 1'b1}], mem[{addr_A[13:5], 1'b0}]} & ~bytes_36)
        | ({data_B, data_A} & bytes_36);
    generate if (WA == 36) begin
        always @(posedge CLKA) if (writes_A) begin
            mem[{addr_A[13:5], 1'b0}] <= next_36[17:0];
            mem[{addr_A[13:5], 1'b1}] <= next_36[35:18];
        end
        always @(posedge CLKB)
            if (RSTA) out_A <= 0;
            else if (CEB & selected_B) out_A <= mem[{addr_B[13:5], 1'b0}];
    end else always @(posedge CLKA) begin
        if (writes_A) mem[addr_A[13:4]] <= next_A;
        if (RSTA) out_A <= 0;
        else if (CEA & selected_A & (~writes_A | (WRITEMODE_A != "NORMAL")))
            out_A <= (seen_A >> shift_A) & (18'h3ffff >> (18 - WA));
    end
    endgenerate
    assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6,
        DOA5, DOA4, DOA3, DOA2, DOA1, DOA0} = out_A;

    localparam WB = DATA_WIDTH_B;
    wire [4:0] shift_B = WB == 18 ? 0 : (addr_B[3] ? 9 : 0)
        + (WB == 4 ? 4 * addr_B[2] : WB == 2 ? 2 * addr_B[2:1] : WB == 1 ? addr_B[2:0] : 0);
    wire [17:0] field_B = (18'h3ffff >> (18 - WB)) << shift_B;
    wire [17:0] bytes_B = WB == 18 ? {{9{addr_B[1]}}, {9{addr_B[0]}}} : 18'h3ffff;
    wire writes_B = CEB & WEB & selected_B;
    wire [17:0] mask_B = writes_B ? field_B & bytes_B : 0;
    wire [17:0] stored_B = mem[addr_B[13:4]];
    wire [17:0] next_B = (stored_B & ~mask_B) | ((data_B << shift_B) & mask_B);
    wire [17:0] seen_B = WRITEMODE_B == "WRITETHROUGH" ? next_B : stored_B;
    reg [17:0] out_B;
    initial out_B = 0;
    generate if (WA == 36) begin
        always @(posedge CLKB)
            if (RSTB) out_B <= 0;
            else if (CEB & selected_B) out_B <= mem[{addr_B[13:5], 1'b1}];
    end else always @(posedge CLKB) begin
        if (writes_B) mem[addr_B[13:4]] <= next_B;
        if (RSTB) out_B <= 0;
        else if (CEB & selected_B & (~writes_B | (WRITEMODE_B != "NORMAL")))
            out_B <= (seen_B >> shift_B) & (18'h3ffff >> (18 - WB));
    end
    endgenerate
    assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6,
        DOB5, DOB4, DOB3, DOB2, DOB1, DOB0} = out_B;
endmodule

module MULT18X18D (
    input A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0,
    input B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0,
    input C17, C16, C15, C14, C13, C12, C11, C10, C9, C8, C7, C6, C5, C4, C3, C2, C1, C0,
    input SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
    input CLK3, CLK2, CLK1, CLK0, CE3, CE2, CE1, CE0, RST3, RST2, RST1, RST0,
    output P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19,
        P18, P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
);
    parameter REG_INPUTA_CLK = "NONE";
    parameter REG_INPUTA_CE = "CE0";
    parameter REG_INPUTA_RST = "RST0";
    parameter REG_INPUTB_CLK = "NONE";
    parameter REG_INPUTB_CE = "CE0";
    parameter REG_INPUTB_RST = "RST0";
    parameter REG_INPUTC_CLK = "NONE";
    parameter REG_INPUTC_CE = "CE0";
    parameter REG_INPUTC_RST = "RST0";
    parameter REG_PIPELINE_CLK = "NONE";
    parameter REG_PIPELINE_CE = "CE0";
    parameter REG_PIPELINE_RST = "RST0";
    parameter REG_OUTPUT_CLK = "NONE";
    parameter REG_OUTPUT_CE = "CE0";
    parameter REG_OUTPUT_RST = "RST0";
    wire signed [18:0] a = {SIGNEDA & A17, A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7,
        A6, A5, A4, A3, A2, A1, A0};
    wire signed [18:0] b = {SIGNEDB & B17, B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7,
        B6, B5, B4, B3, B2, B1, B0};
    wire signed [37:0] product = a * b;
    assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19,
        P18, P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0} =
        product[35:0];
endmodule
