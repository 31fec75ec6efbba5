//! The program as people use it: started, talked to, ended.

mod broker;
mod demo;
mod harness;
mod records;
mod signals;
mod topics;
