"""What is proven about the blocks, one module for each module of `hrsnn_rtl`."""
